/* An OpenID provider for tests: node provider.mjs CLIENT_SECRET PEOPLE_FILE REDIRECT_URI…
   Prints its address. Everyone in the file may sign in; the file is read at each question. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [secret, peopleFile, ...redirects] = process.argv.slice(2);

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const address = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(address, {
    clients: [{ client_id: "panel", client_secret: secret, redirect_uris: redirects }],
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username", "groups"],
      email: ["email", "email_verified"],
    },
    pkce: { required: () => true },
    findAccount: (_, id) => {
      const person = JSON.parse(readFileSync(peopleFile, "utf8"))[id];
      return person && { accountId: id, claims: () => ({ sub: id, ...person }) };
    },
  });
  server.on("request", provider.callback());
  console.log(address);
});
