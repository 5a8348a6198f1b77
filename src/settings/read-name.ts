import type { Bundle, DocumentAddress } from './service.ts'

/** Names a read, the same for every user: the near cache and DocumentService.confirm know it by that. */
export function readName(read: DocumentAddress | Bundle): string {
  return 'id' in read ? read.id : `${read.kind}\n${read.section ?? ''}`
}
