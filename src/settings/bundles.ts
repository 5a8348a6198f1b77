import { DOCUMENTS, FAMILIES, MODES, type Mode } from '../documents/catalogue.ts'
import type { Bundle } from './service.ts'

/** A piece of a bundle's body: JSON text, or the envelope of the next document, or the user's id. */
type Piece = string | { readonly kind: string } | 'USER_ID'

const DECISIONS = new Map<Mode | undefined, Bundle>(
  [undefined, ...MODES].map(mode => [mode, decisionOf(mode)] as const),
)
export const MODES_BUNDLE = bundleOf('mode', byMode('mode', MODES))
export const SAFETY_BUNDLE = bundleOf('safety', byMode('safety', MODES))

/** Everything one decision cycle needs, of all modes or of one. Its documents are in the order of DOCUMENTS. */
export function decisionBundle(mode?: Mode): Bundle {
  return DECISIONS.get(mode)!
}

/** The bundle of exactly these documents, all of the user's or all of a family's, if there is one. */
export function bundleOfKinds(kinds: readonly string[]): Bundle | undefined {
  if (kinds.length === DOCUMENTS.length) return decisionBundle()
  return [MODES_BUNDLE, SAFETY_BUNDLE].find(
    ({ addresses }) =>
      addresses.length === kinds.length && addresses.every(({ kind }, index) => kind === kinds[index]),
  )
}

function decisionOf(only: Mode | undefined): Bundle {
  const modes = only === undefined ? MODES : [only]
  const pieces: Piece[] = ['{"user_id":', 'USER_ID']
  for (const { family, perMode } of FAMILIES) {
    const name = family === 'mode' ? 'modes' : family
    pieces.push(`,"${name}":`, ...(perMode ? byMode(family, modes) : [{ kind: family }]))
  }
  return bundleOf(`decision-settings:${only ?? 'all'}`, [...pieces, '}'])
}

function byMode(family: string, modes: readonly Mode[]): Piece[] {
  const fields = modes.flatMap((mode, i): Piece[] => [
    `${i > 0 ? ',' : ''}"${mode}":`,
    { kind: `${family}.${mode}` },
  ])
  return ['{', ...fields, '}']
}

/** Splices stored bytes: no document is parsed on the way. */
function bundleOf(id: string, pieces: readonly Piece[]): Bundle {
  const addresses = pieces.filter(piece => typeof piece === 'object')
  // No text of ours has a NUL.
  const texts = pieces.map(piece => (typeof piece === 'object' ? '\n' : piece === 'USER_ID' ? '\0' : piece))
  const around = texts.join('').split('\n')
  const constant = around.map(text => (text.includes('\0') ? text : Buffer.from(text)))
  return {
    id,
    addresses,
    around: userId =>
      constant.map(text => (typeof text === 'string' ? text.replace('\0', JSON.stringify(userId)) : text)),
  }
}
