import type { Variables } from './variables.ts'

/** Where events are sent to, and the key that signs them. */
export interface WebhookTarget {
  readonly url: URL
  readonly secret: string
}

/** Reads WEBHOOK_URL and WEBHOOK_SECRET; what is wrong is added to `faults`, without their values. */
export function webhookTarget(
  { WEBHOOK_URL: text, WEBHOOK_SECRET: secret }: Variables,
  faults: string[],
): WebhookTarget | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    faults.push('WEBHOOK_URL must be an http or https address')
    return undefined
  }
  if (url.username !== '' || url.password !== '') {
    faults.push('WEBHOOK_URL must hold no user and no password: the signature says who sends')
  }
  if (secret === undefined) {
    faults.push('WEBHOOK_SECRET must be set with WEBHOOK_URL')
    return undefined
  }
  return { url, secret }
}
