import { readJson } from '../documents/json/read.ts'

/** The issuer of tokens did not publish its keys: the gateway cannot tell whether a token is right. */
export class IssuerUnavailableError extends Error {
  override readonly name = 'IssuerUnavailableError'
}

/** Longest wait from the request to the last byte. Callers wait meanwhile; their own limits are a few seconds. */
const TIMEOUT_MS = 3_000
/** A key has about 1 KB. */
const MAX_BYTES = 256 * 1_024

/** The entries of a JWKS document, unchecked. Rejects for every other answer, one that is late or too long included. */
export async function fetchKeys(url: URL): Promise<readonly unknown[]> {
  const response = await fetch(url, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    // No redirects: keys come from the address that the operator gave.
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the issuer answered ${response.status}`)
  }
  const document = readJson(await readBounded(response))
  const keys = (document as { keys?: unknown } | null)?.keys
  if (!Array.isArray(keys)) throw new Error('the document has no list of keys')
  return keys
}

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error(`the document is larger than ${MAX_BYTES} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}
