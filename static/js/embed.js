// Places a sign-up form where this script stands in a page of somebody's own. The
// server adds the form to it (GET /embed/{form}.js). The form stands in a shadow tree,
// so that neither its style nor the page's touches the other. It posts what was typed and
// nothing else: no cookie, no address of the page.
(function ({ action, styles, first, forms }) {
  const script = document.currentScript
  const wished = [script.dataset.locale, script.closest('[lang]')?.lang, ...navigator.languages]
  const locale = wished.map((tag) => tag?.slice(0, 2).toLowerCase()).find((code) => Object.hasOwn(forms, code)) ?? first
  const host = document.createElement('div')
  host.lang = locale
  const root = host.attachShadow({ mode: 'open' })
  root.append(
    ...styles.map((href) => Object.assign(document.createElement('link'), { rel: 'stylesheet', href })),
    document.createRange().createContextualFragment(forms[locale]),
  )
  script.after(host)

  const form = root.querySelector('form')
  if (form.dataset.challenge) import(new URL('/static/js/challenge.js', action)).then(({ prove }) => prove(form))
  const [summary, sent, unsent] = ['.summary', '.sent', '.unsent'].map((name) => root.querySelector(name))

  // mark shows what is wrong: in the list above the form, and at each field.
  function mark(errors) {
    for (const field of root.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid')
    summary.replaceChildren(...errors.map(({ field, detail }) => {
      for (const input of form.querySelectorAll(`[name="${CSS.escape(field ?? '')}"]`)) input.setAttribute('aria-invalid', 'true')
      return Object.assign(document.createElement('p'), { textContent: detail })
    }))
    summary.hidden = errors.length === 0
    if (errors.length > 0) summary.focus()
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const button = form.querySelector('button')
    button.disabled = true
    unsent.hidden = true
    try {
      const answer = await fetch(action, {
        method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { Accept: 'application/json' }, credentials: 'omit', referrerPolicy: 'no-referrer',
      })
      if (answer.ok) {
        mark([])
        form.hidden = true
        sent.hidden = false
        sent.focus()
      } else {
        const problem = await answer.json()
        mark(problem.errors ?? [problem])
      }
    } catch { // the site is not among the form's origins, or there is no way to the server
      unsent.hidden = false
    } finally {
      button.disabled = false
    }
  })
})
