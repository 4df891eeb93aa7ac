// The certified authorization server (npm oidc-provider) that jwtguard is tried against.
//
// PORT comes from the environment, and with it SHARED_SECRET (of the resource /HS256), API_SECRET (of the clients api
// and api-post) and API_KEYS (the JWK Set of the client api-key). Each resource has its own token format and algorithm, so that one process serves all
// tests: https://api.example.com/RS256, /PS256, /ES256, /Ed25519, /HS256, /opaque and /encrypted.
//
// It is told what to do by lines on its standard input, and answers each with one line on its standard output that
// begins with "> ":
//   rotate   sign with new keys and publish them beside the old ones
//   retire   publish the newest keys only
//   count    how many requests there were for /jwks
// It ends when its standard input does, so that it never outlives the tests.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js';

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'Ed25519'];
const SCOPES = 'invoices:read invoices:write';
const port = Number(process.env.PORT);
const sharedSecret = Buffer.from(process.env.SHARED_SECRET);
const issuer = `http://127.0.0.1:${port}`;

// A key's ID is its thumbprint: oidc-provider sees to that.
async function generateKeys() {
  return Promise.all(ALGORITHMS.map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    return { ...(await exportJWK(privateKey)), alg, use: 'sig' };
  }));
}

const ENCRYPT = { alg: 'dir', enc: 'A128CBC-HS256', key: randomBytes(32) };

function tokenFormat(name) {
  switch (name) {
    case 'opaque': return { accessTokenFormat: 'opaque' };
    case 'encrypted': return { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' }, encrypt: ENCRYPT } };
    case 'HS256': return { accessTokenFormat: 'jwt', jwt: { sign: { alg: name, key: sharedSecret } } };
    default: return { accessTokenFormat: 'jwt', jwt: { sign: { alg: name } } };
  }
}

function resourceServer(_ctx, resource) {
  const name = new URL(resource).pathname.slice(1);
  return { scope: SCOPES, audience: resource, accessTokenTTL: 3600, ...tokenFormat(name) };
}

// The resource servers as clients of the introspection endpoint, one for each way of client authentication.
const resourceServerClients = [
  { client_id: 'api', token_endpoint_auth_method: 'client_secret_basic', client_secret: process.env.API_SECRET },
  { client_id: 'api-post', token_endpoint_auth_method: 'client_secret_post', client_secret: process.env.API_SECRET },
  { client_id: 'api-key', token_endpoint_auth_method: 'private_key_jwt', jwks: JSON.parse(process.env.API_KEYS) },
].map((client) => ({
  ...client,
  grant_types: [],
  redirect_uris: [],
  response_types: [],
  introspection_signed_response_alg: 'ES256',
}));

// What was granted outlives a change of keys.
const adapter = createMemoryAdapter(0);

function provider(keys) {
  return new Provider(issuer, {
    adapter,
    clients: [{
      client_id: 'machine',
      client_secret: 'machine-secret',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    }, {
      client_id: 'application',
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['http://127.0.0.1/callback'],
      response_types: ['code'],
    },
    ...resourceServerClients],
    scopes: ['openid', 'offline_access', ...SCOPES.split(' ')],
    jwks: { keys },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      jwtIntrospection: { enabled: true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        getResourceServerInfo: resourceServer,
        useGrantedResource: () => true,
      },
    },
  });
}

let keys = await generateKeys();
let answer = provider(keys).callback();
let keySetRequests = 0;

const server = createServer((request, response) => {
  if (request.url === '/jwks') keySetRequests += 1;
  answer(request, response);
});

const commands = {
  async rotate() {
    // oidc-provider signs with the first key that fits.
    keys = [...await generateKeys(), ...keys];
    answer = provider(keys).callback();
    return `${keys.length} keys`;
  },
  async retire() {
    keys = keys.slice(0, ALGORITHMS.length);
    answer = provider(keys).callback();
    return `${keys.length} keys`;
  },
  async count() {
    return String(keySetRequests);
  },
};

server.listen(port, '127.0.0.1', async () => {
  console.log(`> ready ${issuer}`);
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(`> ${await commands[line.trim()]()}`);
  }
  process.exit(0);
});
