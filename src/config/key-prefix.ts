import type { Variables } from './variables.ts'

/** Longer ones only cost memory: the prefix is in every key. */
const MAX_LENGTH = 64

/** Braces would make a hash tag of Redis Cluster; the others have a meaning in patterns of SCAN and of ACLs. */
const ALLOWED = /^[!-~]*$/
const REFUSED = /[{}*?[\]\\]/

/** Adds what is wrong with REDIS_KEY_PREFIX to `faults`. */
export function checkKeyPrefix({ REDIS_KEY_PREFIX: prefix }: Variables, faults: string[]): void {
  if (prefix === undefined) return
  if (prefix.length > MAX_LENGTH)
    faults.push(`REDIS_KEY_PREFIX must have at most ${MAX_LENGTH} characters, has ${prefix.length}`)
  if (!ALLOWED.test(prefix))
    faults.push('REDIS_KEY_PREFIX must be printable ASCII characters without a space')
  if (REFUSED.test(prefix)) faults.push('REDIS_KEY_PREFIX must hold no braces and none of * ? [ ] \\')
}
