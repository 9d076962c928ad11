// The editor of mailings and the builder of forms: a preview that follows what is typed,
// buttons of rows that load no page, sorting by drag, and a question before unsaved changes
// are left. All of it works without this, by the same forms (ADR 50, 69).
(() => {
  'use strict'
  const form = document.getElementById('draft')
  const frames = document.querySelector('.mail-frames')
  if (!form || !frames) return

  const reader = ['reader', 'look_email', 'in', 'variant'] // they say for whom to show, and change nothing
  let unsaved = form.hasAttribute('data-unsaved')
  let plain = false // the next submission is the browser's own
  let leaving = false
  let busy = false
  let turn = 0
  let timer

  const shower = document.createElement('button')
  shower.name = 'as'
  shower.value = 'light'
  shower.hidden = true
  shower.formNoValidate = true
  shower.formAction = document.querySelector('.switches .as').formAction
  form.append(shower)

  // Shows what is typed in a frame of its own, which takes the place of the one before
  // when it has loaded. A newer one removes those that still load, so that no late answer
  // is seen.
  const show = () => {
    clearTimeout(timer)
    if (form.elements.reader?.value === 'person' && !form.elements.look_email.value) return
    const shown = frames.querySelector('.preview:not(.next)')
    frames.querySelectorAll('.next').forEach(late => late.remove())
    const frame = shown.cloneNode()
    frame.removeAttribute('src')
    frame.name = shower.formTarget = 'mail-' + ++turn
    frame.classList.add('next')
    frames.append(frame)
    frame.addEventListener('load', () => {
      shown.remove()
      frame.classList.remove('next')
    })
    form.requestSubmit(shower)
  }
  const later = () => {
    clearTimeout(timer)
    timer = setTimeout(show, 400)
  }

  // Sends the form by one of its buttons and puts the form that comes back in its place.
  const change = async by => {
    if (busy) return
    busy = true
    const data = new FormData(form, by)
    const body = by.formEnctype === 'multipart/form-data' ? data : new URLSearchParams(data)
    const act = by.value
    form.inert = true // nothing is typed that the answer would lose
    let page = null
    try {
      const answer = await fetch(form.getAttribute('action'), { method: 'POST', body })
      page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    } catch { /* no answer: said below */ }
    form.inert = false
    busy = false
    const next = page && page.getElementById('draft')
    if (!next && page && page.querySelector('main form')) { // it asks who this is, and keeps what was typed
      plain = leaving = true
      form.requestSubmit(by)
      return
    }
    form.querySelectorAll('.lost').forEach(old => old.remove())
    if (!next) {
      const lost = document.createElement('p')
      lost.className = 'error lost'
      lost.setAttribute('role', 'alert')
      lost.textContent = form.dataset.lost
      form.prepend(lost)
      return
    }
    const folds = () => [...form.querySelectorAll('details:not(.insert)')]
    const open = folds().map(fold => fold.open)
    form.replaceChildren(...next.childNodes, shower)
    if (folds().length === open.length) folds().forEach((fold, i) => { fold.open = fold.open || open[i] })
    document.querySelectorAll('main > .summary').forEach(old => old.remove())
    const summary = page.querySelector('main > .summary')
    if (summary) document.querySelector('.editor').before(summary)
    if (act === 'variant' || act === 'plain') document.querySelector('.whose').replaceWith(page.querySelector('.whose'))
    unsaved = true
    sort()
    const at = form.querySelector('[autofocus]') || summary
    if (at) at.focus()
    show()
  }

  const sort = () => {
    if (!window.Sortable) return
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches
    form.querySelectorAll('.grip').forEach(grip => { grip.hidden = false })
    form.querySelectorAll('.blocks').forEach(list => {
      window.Sortable.create(list, {
        handle: '.grip',
        draggable: '.block',
        animation: still ? 0 : 150,
        forceFallback: true,
        emptyInsertThreshold: 24,
        ghostClass: 'lifted',
        dragClass: 'dragged',
        ...('place' in list.dataset ? amongLists(list) : withinList(list))
      })
    })
  }
  // A block of a mailing goes to any list that can hold it, and says in which it is.
  const amongLists = list => ({
    group: { name: 'blocks', put: (to, from, item) => !(list.dataset.place.startsWith('c') && /:(columns|footer):/.test(item.querySelector('[name=block]').value)) },
    onEnd: ({ item, to }) => {
      const head = item.querySelector('[name=block]')
      const [number, kind] = head.value.split(':')
      head.value = [number, kind, to.dataset.place].join(':')
      change(form.querySelector('button[value=show]'))
    }
  })
  // A row of a form stays in its list, whose chosen rows are numbered anew where they have numbers.
  const withinList = list => ({
    onEnd: ({ oldIndex, newIndex }) => {
      if (oldIndex === newIndex) return
      list.querySelectorAll(':checked').forEach((box, i) => { box.closest('.block').querySelector('[type=number]').value = i + 1 })
      unsaved = true
      show()
    }
  })

  form.addEventListener('submit', event => {
    const by = event.submitter
    if (plain || by.formTarget) return
    if (by.value === 'save' || by.value === 'done') {
      leaving = true
      return
    }
    event.preventDefault()
    if (by.value === 'show' && by === form.querySelector('button')) show() // Enter in a field
    else change(by)
  })
  document.addEventListener('input', event => {
    if (event.target.form !== form || event.target.type === 'file' || reader.includes(event.target.name)) return
    unsaved = true
    later()
  })
  document.addEventListener('change', event => {
    if (event.target.form === form && reader.includes(event.target.name)) show()
  })
  document.querySelectorAll('.switches .as').forEach((way, i, all) => {
    way.setAttribute('aria-pressed', String(i === 0))
    way.addEventListener('click', event => {
      event.preventDefault()
      all.forEach(other => other.setAttribute('aria-pressed', String(other === way)))
      shower.value = way.value
      show()
    })
  })
  window.addEventListener('beforeunload', event => {
    if (unsaved && !leaving) event.preventDefault()
  })

  frames.classList.add('live')
  sort()
  if (unsaved) show()
})()
