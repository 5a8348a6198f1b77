import { type ClientOptions, SettingsClient } from '../../src/client/client.ts'
import type { Scope } from '../helper/backends.ts'

/** A client of a server, closed after the test. Its token is one that a fake server takes, unless `options` name another. */
export function openClient(
  t: Scope,
  { url }: { readonly url: string },
  options: Partial<ClientOptions> = {},
): SettingsClient {
  const client = new SettingsClient({ url, token: 'token', ...options })
  t.teardown(() => client.close())
  return client
}
