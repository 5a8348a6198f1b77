import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import {
  type DocumentFamily,
  FAMILIES,
  kindOf,
  MODES,
  type Mode,
  normalizeMode,
} from '../../documents/catalogue.ts'
import type { DocumentAddress } from '../../settings/service.ts'
import { pascal } from '../openapi/components.ts'
import { ProblemError } from '../problem-error.ts'

/** One address of settings with a GET and a PUT: a document, or a section of one. */
export interface DocumentRoute {
  readonly url: string
  readonly family: DocumentFamily
  readonly section: string | undefined
  readonly title: string
  /** The document that a request names. NOT_FOUND for a mode that does not exist. */
  readonly address: (request: FastifyRequest) => DocumentAddress
}

/** The routes of all documents and sections, made from the table of documents. */
export const DOCUMENT_ROUTES: readonly DocumentRoute[] = FAMILIES.flatMap(family => [
  { url: family.route, family, section: undefined, title: family.title, address: addressOf(family) },
  ...(family.sections ?? []).map(({ name, route }) => ({
    url: route,
    family,
    section: name,
    title: `${family.title}: ${name}`,
    address: () => ({ kind: family.family, section: name }),
  })),
])

const MODE_PARAMS = Type.Object({
  mode: Type.String({ description: `${MODES.join(', ')}; ultra_fast is ultra`, examples: ['scalp'] }),
})

/** The parameters of the routes of a family, for their schemas. */
export function params({ perMode }: Pick<DocumentFamily, 'perMode'>): { params?: typeof MODE_PARAMS } {
  return perMode ? { params: MODE_PARAMS } : {}
}

/** The mode of this name. NOT_FOUND with the four names for another. */
export function requireMode(name: string): Mode {
  const mode = normalizeMode(name)
  if (mode === undefined) throw new ProblemError('NOT_FOUND', `the mode must be one of ${MODES.join(', ')}`)
  return mode
}

/** The name of a route in operation ids: `Mode`, `SettingsTrading`. */
export function documentName({ family, section }: Pick<DocumentRoute, 'family' | 'section'>): string {
  return `${pascal(family.family)}${pascal(section ?? '')}`
}

function addressOf(family: DocumentFamily): (request: FastifyRequest) => DocumentAddress {
  if (!family.perMode) return () => ({ kind: family.family })
  return request => ({ kind: kindOf(family, requireMode((request.params as { mode: string }).mode)) })
}
