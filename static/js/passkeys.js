/* Passkeys: asks the browser for one when a form needs it, and sends what it says. */
(() => {
  "use strict";

  const toBytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  /* The server's options hold bytes as text, under these names. */
  const readable = ({ publicKey }) => {
    const options = { ...publicKey, challenge: toBytes(publicKey.challenge) };
    if (options.user) options.user = { ...options.user, id: toBytes(options.user.id) };
    for (const list of ["allowCredentials", "excludeCredentials"]) {
      options[list] = options[list]?.map((known) => ({ ...known, id: toBytes(known.id) }));
    }
    return { publicKey: options };
  };

  const sendable = (credential) => {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) response[part] = toText(credential.response[part]);
    }
    return {
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    };
  };

  const optionsFor = async (form) => {
    if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent);
    const answer = await fetch(form.dataset.from, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  };

  const reason = (error) => {
    if (!window.PublicKeyCredential) return "This browser supports passkeys only over HTTPS, or not at all.";
    if (error.name === "InvalidStateError") return "This passkey is already set up.";
    if (error.name === "SecurityError") return "Passkeys work only at the panel's own name, not at a numeric address.";
    return "The browser didn't offer a passkey. Try again, or choose another way.";
  };

  // Before panel.js, which takes a submit for a form that is on its way.
  addEventListener("submit", async (event) => {
    const form = event.target;
    const kind = form.dataset.passkey;
    if (!kind) return;
    event.preventDefault();
    const says = form.querySelector("[data-passkey-says]");
    says.textContent = "";
    try {
      const options = await optionsFor(form);
      const credential = await navigator.credentials[kind](
        readable(options.creation_options || options.request_options));
      form.elements.credential.value = JSON.stringify(sendable(credential));
      form.submit();
    } catch (error) {
      says.textContent = reason(error);
    }
  }, true);
})();
