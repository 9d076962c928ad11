// Works out what a form asks of a browser against robots: ALTCHA 2, the smallest counter
// with which PBKDF2 of nonce and counter begins with a prefix. It begins as soon as
// somebody goes to the form, and is done before they have typed. A browser that can't do
// it sends the form without.

const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16))
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('')

// work asks for a challenge and gives what is sent back, with the time (ms) until which it is good.
async function work(url) {
  const response = await fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer' })
  if (!response.ok) throw new Error(response.statusText)
  const challenge = await response.json()
  const { nonce, salt, cost, keyLength, keyPrefix, expiresAt } = challenge.parameters
  const password = new Uint8Array(nonce.length / 2 + 4)
  password.set(bytes(nonce))
  const tail = new DataView(password.buffer, nonce.length / 2)
  const by = { name: 'PBKDF2', hash: 'SHA-256', salt: bytes(salt), iterations: cost }
  for (let counter = 0; ; counter++) {
    tail.setUint32(0, counter)
    const key = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits'])
    const derivedKey = hex(await crypto.subtle.deriveBits(by, key, 8 * keyLength))
    if (derivedKey.startsWith(keyPrefix)) {
      return { answer: btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } })), until: 1000 * expiresAt - 60_000 }
    }
  }
}

// prove lets a form carry what its data-challenge asks for. Each answer goes once.
export function prove(form) {
  const field = Object.assign(document.createElement('input'), { type: 'hidden', name: 'altcha' })
  form.append(field)
  let done
  const begin = () => (done ??= work(form.dataset.challenge).catch(() => ({ answer: '', until: Infinity })))
  form.addEventListener('focusin', begin)

  let ready = false
  let working = false
  form.addEventListener('submit', async (event) => {
    if (ready) {
      ready = false
      setTimeout(() => { // the form has been read by then
        field.value = ''
        done = undefined
      })
      return
    }
    event.preventDefault()
    event.stopImmediatePropagation()
    if (working) return // pressed twice
    working = true
    const button = form.querySelector('button')
    button.setAttribute('aria-busy', 'true')
    let made = await begin()
    if (Date.now() > made.until) {
      done = undefined
      made = await begin()
    }
    button.removeAttribute('aria-busy')
    field.value = made.answer
    working = false
    ready = true
    form.requestSubmit()
  }, { capture: true })
}

for (const form of document.querySelectorAll('form[data-challenge]')) prove(form)
