import { type TSchema, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { FAMILIES, MODES, type Mode } from '../../documents/catalogue.ts'
import { readName } from '../../settings/read-name.ts'
import type { Bundle, DocumentService } from '../../settings/service.ts'
import { actorOf } from '../caller.ts'
import type { FastRead } from '../fast-reads.ts'
import { DecisionSettings, Modes, SafetySettings } from '../openapi/components.ts'
import { operation } from '../openapi/operation.ts'
import { readOptions, sendAnswer } from '../replies.ts'
import { requireMode } from './document-table.ts'

/** A piece of a bundle's body: JSON text, or the envelope of the next document, or the user's id. */
type Piece = string | { readonly kind: string } | 'USER_ID'

const DECISION_URL = '/api/futures/ginie/decision-settings'
const MODES_URL = '/api/futures/ginie/modes'
const SAFETY_URL = '/api/futures/ginie/safety-settings'
const DECISION = new Map<Mode | undefined, Bundle>(
  [undefined, ...MODES].map(mode => [mode, decisionBundle(mode)] as const),
)
const MODES_BUNDLE = familyBundle('mode')
const SAFETY_BUNDLE = familyBundle('safety')

/** The bundles that can be answered in front of Fastify. */
export const FAST_BUNDLES: readonly FastRead[] = [
  ...[...DECISION].map(([mode, bundle]) =>
    fastRead(mode === undefined ? DECISION_URL : `${DECISION_URL}?mode=${mode}`, DECISION_URL, bundle),
  ),
  fastRead(MODES_URL, MODES_URL, MODES_BUNDLE),
  fastRead(SAFETY_URL, SAFETY_URL, SAFETY_BUNDLE),
]

const DecisionQuery = Type.Object({
  mode: Type.Optional(Type.String({ description: `leaves only this mode: ${MODES.join(', ')}` })),
})

/** Several documents in one answer, never torn, in one Redis round trip. */
export function bundleRoutes(app: FastifyInstance, documents: DocumentService): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply, bundle: Bundle) => {
    const options = readOptions(request)
    return sendAnswer(reply, await documents.getBundle(actorOf(request), bundle, options), options.known)
  }
  const decision = schemaOf(
    'decisionSettings',
    'Decision',
    'Everything one decision cycle needs',
    DecisionSettings,
    DecisionQuery,
  )
  app.get<{ Querystring: { mode?: string } }>(DECISION_URL, { schema: decision }, async (request, reply) => {
    const { mode } = request.query
    const bundle = DECISION.get(mode === undefined ? undefined : requireMode(mode))!
    return answer(request, reply, bundle)
  })
  app.get(
    MODES_URL,
    { schema: schemaOf('modes', 'Documents', 'Read: all four modes', Modes) },
    (request, reply) => answer(request, reply, MODES_BUNDLE),
  )
  app.get(
    SAFETY_URL,
    {
      schema: schemaOf(
        'safetySettings',
        'Documents',
        'Read: the safety settings of all modes',
        SafetySettings,
      ),
    },
    (request, reply) => answer(request, reply, SAFETY_BUNDLE),
  )
}

function fastRead(url: string, route: string, bundle: Bundle): FastRead {
  const answer: FastRead['answer'] = (documents, actor, options) =>
    documents.getBundle(actor, bundle, options)
  return { url, route, name: readName(bundle), answer }
}

function schemaOf(id: string, tag: string, summary: string, answer: TSchema, querystring?: TSchema) {
  return operation({
    id,
    tag,
    summary,
    description: [
      'Read from Redis with one command and sent as stored; one ETag for the whole. When any document is missing there,',
      'all of them are read from PostgreSQL in one statement and put into Redis. A reset that touches several',
      'documents is seen whole or not at all. `Cache-Status` says where the answer came from.',
    ].join(' '),
    auth: 'user',
    ...(querystring === undefined ? {} : { querystring }),
    responses: { 200: { description: 'The documents, all of one moment.', schema: answer } },
    errors: ['NOT_FOUND', 'DATABASE_UNAVAILABLE'],
    conditional: true,
  })
}

function decisionBundle(only: Mode | undefined): Bundle {
  const modes = only === undefined ? MODES : [only]
  const pieces: Piece[] = ['{"user_id":', 'USER_ID']
  for (const { family, route } of FAMILIES) {
    const name = family === 'mode' ? 'modes' : family
    pieces.push(`,"${name}":`, ...(route.includes(':mode') ? byMode(family, modes) : [{ kind: family }]))
  }
  return bundleOf(`decision-settings:${only ?? 'all'}`, [...pieces, '}'])
}

function familyBundle(family: string): Bundle {
  return bundleOf(family, byMode(family, MODES))
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
  const texts = pieces.map(piece => (typeof piece === 'string' ? Buffer.from(piece) : undefined))
  return {
    id,
    addresses,
    join: (userId, bodies) => {
      let next = 0
      const parts = pieces.map((piece, index) => {
        if (piece === 'USER_ID') return Buffer.from(JSON.stringify(userId))
        return typeof piece === 'string' ? texts[index]! : bodies[next++]!
      })
      return Buffer.concat(parts)
    },
  }
}
