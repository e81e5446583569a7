// The API, as promises. Every failure is an ApiError whose message says what to type next.

const PATIENCE_MS = 10_000;
const AWAY =
  "The API does not answer. Start it with `./lab serve` (with Docker: `docker compose up -d api`); this page asks again by itself.";

export class ApiError extends Error {
  /** status: of HTTP, 0 where nothing answered. */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export const ask = (path) => request(path, {});

export function send(path, body) {
  const headers = { "content-type": "application/json" };
  return request(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new ApiError(AWAY, 0);
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  const unread = `The API answered ${response.status} to ${path}; \`./lab logs api\` shows why.`;
  throw new ApiError(body?.error ?? unread, response.status);
}

export const userPath = (userId) => `/users/${encodeURIComponent(userId)}`;
export const productPath = (productId) => `/products/${encodeURIComponent(productId)}`;
export const similarPath = (productId) => `/similar/${encodeURIComponent(productId)}`;
