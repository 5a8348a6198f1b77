import { operatorName, signOut, token } from './session.js'

/** Calls the gateway with the token of this tab. Addresses are relative, because the page may be behind a path prefix. */

/** A problem that the gateway answered; the message is its detail. */
export class ProblemAnswer extends Error {
  /**
   * @param {number} status
   * @param {any} body the problem document, undefined when there was none
   */
  constructor(status, body) {
    super(body?.detail ?? `the gateway answered ${status}`)
    this.status = status
    this.code = body?.code ?? ''
    /** @type {readonly { path: string, message: string }[]} */
    this.faults = body?.errors ?? []
    /** With 412: what is stored now. */
    this.current = body?.current
  }
}

/**
 * @typedef {object} Request
 * @property {string} [method]
 * @property {string} [user] the user to act for
 * @property {unknown} [body] sent as JSON
 * @property {string} [ifMatch] the entity tag that must be current
 * @property {AbortSignal} [signal]
 * @property {Record<string, string>} [headers]
 */

/**
 * @param {string} path below the gateway's address, such as `api/admin/status`
 * @param {Request} request
 * @returns {Promise<Response>} any answer; throws TypeError when the gateway does not answer
 */
export function send(path, { method = 'GET', user, body, ifMatch, signal, headers } = {}) {
  const name = operatorName()
  return fetch(new URL(`../${path}`, document.baseURI), {
    method,
    headers: {
      authorization: `Bearer ${token()}`,
      ...(name === '' ? {} : { 'x-actor': name }),
      ...(user === undefined ? {} : { 'x-user-id': user }),
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
    cache: 'no-store',
  })
}

/**
 * The JSON of an answer. Throws ProblemAnswer, or TypeError when the gateway does not answer.
 * @param {string} path
 * @param {Request} request
 * @returns {Promise<any>}
 */
export async function call(path, request = {}) {
  const response = await send(path, request)
  const answer = await response.json().catch(() => undefined)
  if (response.ok) return answer
  if (response.status === 401) signOut('This token is not valid or has expired.')
  throw new ProblemAnswer(response.status, answer)
}

/**
 * What went wrong, as a sentence for operators.
 * @param {unknown} error
 */
export function sentence(error) {
  if (error instanceof ProblemAnswer) {
    const faults = error.faults.map(({ path, message }) => `${path} ${message}`).join('; ')
    return faults === '' ? error.message : `${error.message}: ${faults}`
  }
  return `The gateway does not answer (${error instanceof Error ? error.message : error}).`
}
