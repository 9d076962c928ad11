// Counts a segment while somebody builds it: presses the form's own button "count" beside
// the page, and takes from the page that answers the conditions in words, the number
// and what is wrong beside its condition. Without this script the button does the same.

const form = document.getElementById('segment')
const count = document.getElementById('count')
const asOf = document.getElementById('as-of')
const words = document.getElementById('words')
const pause = 300 // ms without a key before it is counted
const patience = 1000 // ms before a count that is not made yet is asked for again

let timer
let asking = new AbortController()

// say tells in the place of the number why there is none.
function say(text) {
  count.textContent = text
  asOf.replaceChildren()
}

// plan counts in a while, and drops the answer to what was asked before.
function plan(wait) {
  clearTimeout(timer)
  asking.abort()
  timer = setTimeout(ask, wait)
}

async function ask() {
  asking = new AbortController()
  const { signal } = asking
  const late = setTimeout(say, patience, form.dataset.counting)
  try {
    const body = new URLSearchParams(new FormData(form))
    body.set('act', 'count')
    const answer = await fetch(form.getAttribute('action'), { method: 'POST', body, signal, redirect: 'error' })
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    if (!signal.aborted) show(page)
  } catch {
    if (!signal.aborted) say(form.dataset.lost)
  } finally {
    clearTimeout(late)
  }
}

function show(page) {
  const theirs = page.getElementById('segment')
  if (!theirs) throw new Error('this is not the page of a segment')
  fault(theirs)
  if (page.querySelector('.summary')) {
    say(form.dataset.unfinished)
    return
  }
  words.replaceChildren(...page.getElementById('words').childNodes)
  const number = page.getElementById('count')
  count.replaceChildren(...number.childNodes)
  asOf.replaceChildren(...page.getElementById('as-of').childNodes)
  if (number.dataset.again) plan(patience)
}

// fault puts what is wrong beside the conditions that it is about, as the page would.
function fault(theirs) {
  for (const old of form.querySelectorAll('.error:not(#slug-e, #name-e, #uses-e)')) old.remove()
  const text = form.querySelector('#tree')
  if (text) text.setAttribute('aria-invalid', theirs.querySelector('#tree-e') !== null)
  for (const wrong of theirs.querySelectorAll('.error')) {
    const of = wrong.id.replace(/-e$/, '')
    const beside = form.querySelector(`#${of} > legend, label[for="${of}"]`)
    if (beside) beside.after(document.importNode(wrong, true))
  }
}

form.addEventListener('input', event => {
  if (!['add', 'name', 'slug'].includes(event.target.name)) plan(pause)
})
form.addEventListener('submit', () => {
  clearTimeout(timer)
  asking.abort()
})
if (count.dataset.again) plan(patience)
