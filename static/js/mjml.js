// MJML that is pasted into the editor of a mailing: compiled here, in the author's
// browser, and made into HTML that keeps its columns once it was sanitised and given a
// layout (ADR 70). What comes of it stands in the field of the text, and is checked there.
(() => {
  'use strict'
  const compiler = '/static/vendor/mjml/mjml.js' // over a megabyte: loaded when it is wanted
  let loading = null
  const load = () => {
    loading ||= new Promise((done, failed) => {
      const script = document.createElement('script')
      script.src = compiler
      script.onload = () => done(window.mjml.default || window.mjml)
      script.onerror = () => {
        loading = null
        script.remove()
        failed(new Error())
      }
      document.head.append(script)
    })
    return loading
  }

  const hex = colour => {
    const parts = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(colour)
    return parts ? '#' + parts.slice(1).map(n => Number(n).toString(16).padStart(2, '0')).join('') : colour
  }
  const columnOf = element => element && element.closest('[class*="mj-column-p"]')

  // Reads a page without its style sheets. The policy of the editor's page lets no style
  // that is parsed take effect, so styles are set on the elements.
  const read = html => {
    const page = new DOMParser().parseFromString(html.replace(/<[^>]*>/g, tag => tag.replace(/ style=/g, ' data-style=')), 'text/html')
    page.querySelectorAll('[data-style]').forEach(element => {
      element.style.cssText = element.dataset.style
      delete element.dataset.style
    })
    return page
  }

  // The tables that MJML keeps for Outlook alone become real ones, whose cells the layout
  // puts below each other on a phone; all that mails may not hold, or that is as it is by
  // itself, is left out.
  const flatten = html => {
    const body = read(html.replace(/<!--\[if mso \| IE\]>([\s\S]*?)<!\[endif\]-->/g, (_, inner) => inner.replace(/<\/?v:[^>]*>/g, ''))).body
    const all = [...body.querySelectorAll('*')]
    all.forEach(element => { if (element.style.display === 'none') element.remove() })

    body.querySelectorAll('[class*="mj-column-p"]').forEach(column => {
      const cell = column.parentElement
      if (cell.tagName !== 'TD') return
      const table = cell.closest('table')
      const wide = /mj-column-(per|px)-(\d+)/.exec(column.className)
      cell.setAttribute('width', wide[2] + (wide[1] === 'per' ? '%' : ''))
      cell.setAttribute('valign', column.style.verticalAlign || 'top')
      cell.style.cssText = 'padding:0'
      column.style.width = '100%' // of its cell
      table.setAttribute('width', '100%')
      if (!columnOf(cell) && cell.parentElement.cells.length > 1) { // columns of a group stay beside each other
        cell.dataset.kept = 'column'
        table.dataset.kept = 'columns'
      }
    })
    all.forEach(element => {
      const style = element.style
      const ground = hex(style.backgroundColor || element.getAttribute('bgcolor') || '')
      style.removeProperty('background')
      if (ground && ground !== 'transparent' && ground !== 'initial') style.backgroundColor = ground
      if (/TABLE|TD|DIV/.test(element.tagName)) {
        for (const width of ['width', 'max-width']) {
          if (parseInt(style.getPropertyValue(width), 10) > 500 && style.getPropertyValue(width).endsWith('px')) style.removeProperty(width)
        }
        if (parseInt(element.getAttribute('width'), 10) > 500) element.setAttribute('width', '100%')
      }
    })
    all.forEach(element => {
      const style = element.style
      if (style.color === 'rgb(0, 0, 0)') { // MJML's default: dark on dark, where the layout is
        let on = element
        while (on !== body && !on.style.backgroundColor) on = on.parentElement
        if (on === body) style.removeProperty('color')
      }
    })
    all.forEach(element => {
      const style = element.getAttribute('style')
      if (style) {
        element.setAttribute('style', style.replace(/rgb\(\d+, \d+, \d+\)/g, hex).replace(/: /g, ':').replace(/; ?/g, ';').replace(/;$/, '').replace(/"/g, "'"))
      }
      for (const { name } of [...element.attributes]) {
        if (/^(class|id|lang|dir|target|bgcolor|aria-.*)$/.test(name) || name === 'style' && !style) element.removeAttribute(name)
      }
      if (element.getAttribute('role') !== 'presentation') element.removeAttribute('role')
      if (element.dataset.kept) {
        element.className = element.dataset.kept
        delete element.dataset.kept
      }
    })
    const nodes = document.createTreeWalker(body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_COMMENT)
    const found = []
    while (nodes.nextNode()) found.push(nodes.currentNode)
    found.forEach(node => {
      if (node.nodeType === Node.COMMENT_NODE) node.remove()
      else if (!node.data.trim() && node.data.includes('\n')) node.data = '\n'
    })
    return body.innerHTML.replace(/\n{2,}/g, '\n').trim()
  }

  const say = (part, words, wrong) => {
    const answer = part.querySelector('.mjml-answer')
    answer.className = 'mjml-answer ' + (wrong ? 'error' : 'small')
    answer.replaceChildren(words)
  }

  document.addEventListener('click', async event => {
    const button = event.target.closest('.mjml-compile')
    if (!button || button.disabled) return
    const part = button.closest('.mjml')
    const source = part.querySelector('textarea')
    const put = (id, text) => {
      const field = document.getElementById(id)
      field.value = text
      field.dispatchEvent(new Event('input', { bubbles: true }))
    }
    button.disabled = true
    try {
      const compile = await load()
      const made = compile(source.value, { validationLevel: 'soft', fonts: {} })
      const page = read(made.html)
      put('body', flatten(made.html))
      const hidden = [...page.body.children].find(element => element.style.display === 'none')
      for (const [id, found] of [['subject', page.querySelector('title')], ['preheader', hidden]]) {
        const words = found && found.textContent.trim()
        if (words && !document.getElementById(id).value) put(id, words)
      }
      const faults = made.errors.map(fault => fault.formattedMessage || fault.message)
      if (faults.length) {
        const list = document.createElement('ul')
        list.className = 'dots'
        list.lang = 'en'
        faults.slice(0, 20).forEach(fault => {
          const item = document.createElement('li')
          item.textContent = fault
          list.append(item)
        })
        say(part, part.dataset.partly, true)
        part.querySelector('.mjml-answer').append(list)
      } else {
        say(part, part.dataset.done, false)
      }
    } catch (fault) {
      say(part, fault.message ? part.dataset.failed + ' ' + fault.message : part.dataset.lost, true)
    }
    button.disabled = false
  })
})()
