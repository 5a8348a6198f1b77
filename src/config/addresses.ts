export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** Undefined when `text` is not `host` or `host:port`. */
export function parseAddress(text: string, defaultPort: number): ServerAddress | undefined {
  const url = URL.parse(`tcp://${text}`)
  if (
    !url ||
    url.hostname === '' ||
    url.pathname !== '' ||
    url.search ||
    url.hash ||
    url.username ||
    url.password
  ) {
    return undefined
  }
  return { host: bareHost(url), port: url.port === '' ? defaultPort : Number(url.port) }
}

/** `host:port`, an IPv6 address in brackets. */
export function addressText({ host, port }: ServerAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The host of a URL, an IPv6 address without its brackets. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

/** A user or password of a URL; undefined when there is none. Adds what is wrong to `faults`. */
export function decodePart(part: string, name: string, faults: string[]): string | undefined {
  if (part === '') return undefined
  try {
    return decodeURIComponent(part)
  } catch {
    faults.push(`${name} holds a % that encodes nothing in its user or password`)
    return undefined
  }
}
