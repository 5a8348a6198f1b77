import type { DocumentAddress, SettingsRead } from './service.ts'

/** The read of one document or section. Several are read as a bundle: see bundles.ts. */
export function documentRead(address: DocumentAddress): SettingsRead {
  // No kind holds a line feed.
  return { id: `${address.kind}\n${address.section ?? ''}`, addresses: [address] }
}
