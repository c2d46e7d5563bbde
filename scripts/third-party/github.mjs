// GitHub, as far as log-ins need it: the pages of https://github.com/login, and two routes of the REST API, by the
// shapes of their documented answers ("Authorizing OAuth apps", "Troubleshooting OAuth app access token request
// errors", "Get the authenticated user", "List email addresses for the authenticated user", "Rate limits for the
// REST API", "Using pagination").
//
//     node github.mjs '{"client": {"client_id": "...", "client_secret": "...", "redirect_uris": []}, "users": {...}}'
//
// client   the one application; users are sent back to these addresses and to what lies below them
// users    users by their logins, with which they log in (any password will do): {"id": 1, "name": "...",
//          "email": null, "emails": [...]}, and "limited", with the headers of an answer that says "too often"
//
// Prints its origin when it listens. POST /control/change, with JSON such as the above, changes what it says. Ends
// with its standard input.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { json, text } from 'node:stream/consumers';

const setup = JSON.parse(process.argv[2]);
// Who is logged in, by cookie; what codes and access tokens stand for.
const [sessions, codes, tokens] = [new Map(), new Map(), new Map()];
const docs = 'https://docs.github.com';

const server = http.createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${server.address().port}`;

function page(response, heading, content) {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<!DOCTYPE html><html lang="en"><title>${heading}</title><h1>${heading}</h1>${content}</html>`);
}

function leadTo(response, location) {
  response.writeHead(302, { location: String(location) }).end();
}

const escape = (words) => words.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

function logInPage({ url, response }) {
  page(response, 'Sign in to GitHub', `<form method="post" action="/session">
    <input type="hidden" name="return_to" value="${escape(url.searchParams.get('return_to'))}">
    <label>Username <input name="login"></label> <label>Password <input type="password" name="password"></label>
    <button>Sign in</button></form>`);
}

async function logIn({ request, response }) {
  const form = new URLSearchParams(await text(request));
  if (!setup.users[form.get('login')]) return page(response, 'Incorrect username or password.', '');
  const session = randomBytes(16).toString('hex');
  sessions.set(session, form.get('login'));
  response.setHeader('set-cookie', `user_session=${session}; Path=/; HttpOnly; SameSite=Lax`);
  return leadTo(response, new URL(form.get('return_to'), origin));
}

// The same for the page that asks and for what is answered to it.
async function authorize({ request, response, url }) {
  const { client } = setup;
  const asked = url.searchParams;
  if (asked.get('client_id') !== client.client_id) return response.writeHead(404).end('Not Found');
  const target = new URL(asked.get('redirect_uri'));
  const back = new URL(target);
  back.searchParams.set('state', asked.get('state'));
  if (!client.redirect_uris.some((registered) => isBelow(target, new URL(registered)))) {
    return page(response, 'Be careful!', 'The redirect_uri is not associated with this application.');
  }
  const login = sessions.get(/user_session=(\w+)/.exec(request.headers.cookie)?.[1]);
  if (!login) return leadTo(response, `/login?return_to=${encodeURIComponent(request.url)}`);
  if (request.method === 'GET') {
    return page(response, 'Authorize Archon', `<form method="post" action="${escape(request.url)}">
      <button name="authorize" value="1">Authorize</button> <button name="authorize" value="0">Cancel</button></form>`);
  }
  if (new URLSearchParams(await text(request)).get('authorize') !== '1') {
    back.searchParams.set('error', 'access_denied');
    back.searchParams.set('error_description', 'The user has denied your application access.');
    back.searchParams.set('error_uri', `${docs}/apps/managing-oauth-apps/troubleshooting`);
    return leadTo(response, back);
  }
  const code = randomBytes(10).toString('hex');
  codes.set(code, { login, target: target.href, scope: asked.get('scope'), challenge: asked.get('code_challenge') });
  back.searchParams.set('code', code);
  return leadTo(response, back);
}

function isBelow(target, registered) {
  return target.origin === registered.origin && target.pathname.startsWith(registered.pathname);
}

// What is wrong is said with 200.
async function exchange({ request, response }) {
  const form = new URLSearchParams(await text(request));
  const answer = redeem(form);
  const wantsJson = request.headers.accept?.includes('application/json');
  response.setHeader('content-type', wantsJson ? 'application/json' : 'application/x-www-form-urlencoded');
  response.end(wantsJson ? JSON.stringify(answer) : new URLSearchParams(answer).toString());
}

function redeem(form) {
  const { client_id: id, client_secret: secret } = setup.client;
  const refused = (error, description) => ({
    error,
    error_description: description,
    error_uri: `${docs}/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/#${error}`,
  });
  if (form.get('client_id') !== id || form.get('client_secret') !== secret) {
    return refused('incorrect_client_credentials', 'The client_id and/or client_secret passed are incorrect.');
  }
  const found = codes.get(form.get('code'));
  codes.delete(form.get('code'));
  const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
  if (!found || found.challenge !== challenge) {
    return refused('bad_verification_code', 'The code passed is incorrect or expired.');
  }
  if (found.target !== form.get('redirect_uri')) {
    return refused('redirect_uri_mismatch', 'The redirect_uri MUST match the registered callback URL.');
  }
  const token = `gho_${randomBytes(18).toString('hex')}`;
  tokens.set(token, found);
  return { access_token: token, scope: found.scope, token_type: 'bearer' };
}

// Answers with what belongs to the user of the access token.
function api(response, request, read) {
  const say = (status, body, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(body));
  };
  const refuse = (status, message, headers) =>
    say(status, { message, documentation_url: `${docs}/rest`, status: String(status) }, headers);
  if (!request.headers['user-agent']) return refuse(403, 'Request forbidden by administrative rules.');
  const grant = tokens.get(/^Bearer (\w+)$/.exec(request.headers.authorization)?.[1]);
  if (!grant) return refuse(401, 'Bad credentials');
  const user = setup.users[grant.login];
  if (user.limited) return refuse(403, 'You have exceeded a secondary rate limit.', user.limited);
  const body = read(user, grant);
  return body ? say(200, body, { 'x-ratelimit-remaining': '4999' }) : refuse(404, 'Not Found');
}

const profile = ({ id, name, email }, { login }) => ({
  login,
  id,
  node_id: Buffer.from(`04:User${id}`).toString('base64'),
  avatar_url: `https://avatars.githubusercontent.com/u/${id}`,
  gravatar_id: '',
  url: `https://api.github.com/users/${login}`,
  html_url: `https://github.com/${login}`,
  type: 'User',
  user_view_type: 'public',
  site_admin: false,
  name,
  company: null,
  blog: '',
  location: null,
  email,
  hireable: null,
  bio: null,
  twitter_username: null,
  notification_email: null,
  public_repos: 8,
  public_gists: 8,
  followers: 20,
  following: 0,
  created_at: '2011-01-25T18:44:36Z',
  updated_at: '2026-10-22T11:05:12Z',
});
const addresses = ({ emails }, { scope }) => (scope.split(' ').includes('user:email') ? emails : undefined);

async function change({ request, response }) {
  const { client, ...rest } = await json(request);
  Object.assign(setup.client, client);
  Object.assign(setup, rest);
  response.end();
}

const routes = {
  'GET /login': logInPage,
  'POST /session': logIn,
  'GET /login/oauth/authorize': authorize,
  'POST /login/oauth/authorize': authorize,
  'POST /login/oauth/access_token': exchange,
  'GET /user': ({ request, response }) => api(response, request, profile),
  'GET /user/emails': ({ request, response }) => api(response, request, addresses),
  'POST /control/change': change,
};

server.on('request', async (request, response) => {
  const url = new URL(request.url, origin);
  const route = routes[`${request.method} ${url.pathname}`];
  try {
    await (route ? route({ request, response, url }) : response.writeHead(404).end('Not Found'));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(String(error));
  }
});
process.stdin.on('end', () => process.exit()).resume();
console.log(origin);
