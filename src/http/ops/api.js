/** Calls the gateway with the token of this tab. Addresses are relative, because the page may be behind a path prefix. */

const TOKEN = 'settings-gateway-token'

/** A problem that the gateway answered; the message is its detail. */
export class ProblemAnswer extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

export function hasToken() {
  return sessionStorage.getItem(TOKEN) !== null
}

/** @param {string} token */
export function keepToken(token) {
  sessionStorage.setItem(TOKEN, token)
}

export function forgetToken() {
  sessionStorage.removeItem(TOKEN)
}

/**
 * @param {string} path below the gateway's address, such as `api/admin/status`
 * @param {{ method?: string, user?: string, body?: unknown }} options `user`: the user to act for
 * @returns {Promise<any>} the JSON of the answer; throws ProblemAnswer, or TypeError when the gateway does not answer
 */
export async function call(path, { method = 'GET', user, body } = {}) {
  const response = await fetch(new URL(`../${path}`, document.baseURI), {
    method,
    headers: {
      authorization: `Bearer ${sessionStorage.getItem(TOKEN) ?? ''}`,
      ...(user === undefined ? {} : { 'x-user-id': user }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    cache: 'no-store',
  })
  const answer = await response.json().catch(() => undefined)
  if (response.ok) return answer
  throw new ProblemAnswer(response.status, answer?.detail ?? `the gateway answered ${response.status}`)
}
