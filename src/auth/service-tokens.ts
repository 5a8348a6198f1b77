import { createHash, timingSafeEqual } from 'node:crypto'
import type { ServiceToken } from '../config.ts'
import type { Principal } from './principal.ts'

/** Finds the service of a token. Digests are compared, all of them, so that the time tells nothing. */
export class ServiceTokens {
  readonly #services: readonly { readonly digest: Buffer; readonly principal: Principal }[]

  constructor(tokens: readonly ServiceToken[]) {
    this.#services = tokens.map(({ name, token, scopes }) => ({
      digest: digestOf(token),
      principal: { kind: 'service', id: name, caller: `service:${name}`, scopes },
    }))
  }

  find(token: string): Principal | undefined {
    const digest = digestOf(token)
    let found: Principal | undefined
    for (const service of this.#services) {
      if (timingSafeEqual(service.digest, digest)) found = service.principal
    }
    return found
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
