// A certified OpenID provider, oidc-provider, with one client.
//
//     node openid-provider.mjs '{"client": {...}, "account": {"sub": "...", ...}, ...}'
//
// client               the client's metadata, as oidc-provider takes them
// account              the claims of the only user, who is logged in and agrees to everything without being asked
// accounts             in its place: the claims of several users by their names, with which they log in and agree by
//                      hand, or cancel, on oidc-provider's own pages; any password will do
// claims_in_id_token   whether the ID token has the user's claims, or the UserInfo endpoint alone
// tenant               the id of a tenant, for a provider in the manner of Microsoft Entra: the issuer is then
//                      <origin>/<tenant>/v2.0, and <origin>/common/v2.0 has the metadata for all tenants
//
// Prints its origin when it listens. POST /control/rotate puts a new signing key in place of the present one;
// POST /control/change, with JSON such as the above, changes what it says, and forgets nobody's session.
// Ends with its standard input.

import { once } from 'node:events';
import http from 'node:http';
import { json } from 'node:stream/consumers';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

const setup = JSON.parse(process.argv[2]);
const algorithm = setup.client.id_token_signed_response_alg ?? 'RS256';

const server = http.createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${server.address().port}`;
const base = setup.tenant ? `/${setup.tenant}/v2.0` : '';

let keys = 0;
let key;
let provider;
await rotate();

async function rotate() {
  keys += 1;
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  key = { ...(await exportJWK(privateKey)), kid: `key-${keys}`, alg: algorithm, use: 'sig' };
  provide();
}

// What was stored by an earlier provider is the later one's as well.
function provide() {
  const { client, accounts, claims_in_id_token: claimsInIdToken } = setup;
  const byHand = accounts !== undefined;
  provider = new Provider(`${origin}${base}`, {
    clients: [{ grant_types: ['authorization_code'], response_types: ['code'], ...client }],
    jwks: { keys: [key] },
    cookies: { keys: ['for tests only'] },
    scopes: ['openid', 'User.Read'],
    claims: {
      openid: ['sub', 'tid', 'xms_edov'],
      email: ['email', 'email_verified'],
      profile: ['name'],
    },
    conformIdTokenClaims: !claimsInIdToken,
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
    features: { devInteractions: { enabled: byHand } },
    pkce: { required: () => true },
    findAccount: (_, id) => find(id),
    ...(byHand ? {} : { interactions: { url: (_, interaction) => `${base}/interaction/${interaction.uid}` } }),
    ttl: { Interaction: 600, Session: 600, Grant: 600, IdToken: 3600, AccessToken: 600 },
  });
}

function find(id) {
  const found = setup.accounts ? setup.accounts[id] : setup.account;
  return found && { accountId: id, claims: () => ({ ...found, sub: found.sub ?? id }) };
}

// Logs the only user in, and has the user agree.
async function interact(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: setup.account.sub } });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

// The metadata for all tenants: the tenant's own, with what stands for any tenant in its place.
async function common(response) {
  const own = await fetch(`${origin}${base}/.well-known/openid-configuration`);
  const metadata = await own.json();
  metadata.issuer = `${origin}/{tenantid}/v2.0`;
  delete metadata.authorization_response_iss_parameter_supported;
  response.setHeader('content-type', 'application/json').end(JSON.stringify(metadata));
}

async function change(request) {
  const { client, ...rest } = await json(request);
  Object.assign(setup.client, client);
  Object.assign(setup, rest);
  provide();
}

async function answer(request, response) {
  if (request.method === 'POST' && request.url.startsWith('/control/')) {
    await { '/control/rotate': rotate, '/control/change': change }[request.url](request);
    return response.end();
  }
  const { tenant, accounts } = setup;
  if (tenant && request.url === '/common/v2.0/.well-known/openid-configuration') return common(response);
  if (!accounts && request.url.startsWith(`${base}/interaction/`)) return interact(request, response);
  if (base && request.url.startsWith(base)) {
    // oidc-provider finds out where it is mounted by comparing the two.
    request.originalUrl = request.url;
    request.url = request.url.slice(base.length);
  }
  return provider.callback()(request, response);
}

server.on('request', (request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end(String(error));
  });
});
process.stdin.on('end', () => process.exit()).resume();
console.log(origin);
