// Passkeys of the admin site (W3C Web Authentication). A button with data-passkey
// fetches what to ask from that address, asks the browser, and posts what it says in
// the field data-field of the form around it. Without this script, or a browser that
// keeps passkeys, these buttons stay hidden and everything else goes on.
'use strict';
{
  const bytes = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
  const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const known = list => (list || []).map(one => ({ ...one, id: bytes(one.id) }));

  const ask = question => {
    const publicKey = { ...question.publicKey, challenge: bytes(question.publicKey.challenge) };
    if (!publicKey.user) {
      publicKey.allowCredentials = known(publicKey.allowCredentials);
      return navigator.credentials.get({ publicKey });
    }
    publicKey.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
    publicKey.excludeCredentials = known(publicKey.excludeCredentials);
    return navigator.credentials.create({ publicKey });
  };

  const said = key => {
    const response = { clientDataJSON: text(key.response.clientDataJSON) };
    for (const name of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
      if (key.response[name]) response[name] = text(key.response[name]);
    }
    if (key.response.getTransports) response.transports = key.response.getTransports();
    return JSON.stringify({ id: key.id, rawId: text(key.rawId), type: key.type, response, clientExtensionResults: {} });
  };

  const run = async button => {
    const form = button.form;
    const failed = form.querySelector('[data-failed]');
    failed.hidden = true;
    button.disabled = true;
    try {
      const answer = await fetch(button.dataset.passkey, { method: 'POST', headers: { Accept: 'application/json' } });
      if (answer.ok) {
        const field = document.createElement('input');
        field.type = 'hidden';
        field.name = button.dataset.field;
        field.value = said(await ask(await answer.json()));
        form.append(field);
      } else if (answer.status !== 403) {
        throw new Error('refused');
      } // else the page that is posted to asks who it is first
      form.submit();
    } catch {
      failed.hidden = false;
      button.disabled = false;
    }
  };

  if (window.PublicKeyCredential) {
    for (const button of document.querySelectorAll('[data-passkey]')) {
      button.closest('[data-needs-passkeys]').hidden = false;
      if (button.type === 'submit') {
        button.form.addEventListener('submit', event => { event.preventDefault(); run(button); });
      } else {
        button.addEventListener('click', () => run(button));
      }
    }
  }
}
