import { type TSchema, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { MODES } from '../../documents/catalogue.ts'
import { decisionBundle, MODES_BUNDLE, SAFETY_BUNDLE } from '../../settings/bundles.ts'
import { readName } from '../../settings/read-name.ts'
import type { Bundle, DocumentService } from '../../settings/service.ts'
import { readerOf } from '../caller.ts'
import type { FastRead } from '../fast-reads.ts'
import {
  anyOf,
  DecisionSettings,
  DecisionSettingsOfMode,
  Modes,
  SafetySettings,
} from '../openapi/components.ts'
import { operation } from '../openapi/operation.ts'
import { readOptions, sendAnswer } from '../replies.ts'
import { requireMode } from './document-table.ts'

const DECISION_URL = '/api/futures/ginie/decision-settings'
const MODES_URL = '/api/futures/ginie/modes'
const SAFETY_URL = '/api/futures/ginie/safety-settings'

/** The bundles that can be answered in front of Fastify. */
export const FAST_BUNDLES: readonly FastRead[] = [
  ...[undefined, ...MODES].map(mode =>
    fastRead(
      mode === undefined ? DECISION_URL : `${DECISION_URL}?mode=${mode}`,
      DECISION_URL,
      decisionBundle(mode),
    ),
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
    return sendAnswer(reply, await documents.getBundle(readerOf(request), bundle, options), options.known)
  }
  const decision = schemaOf(
    'getDecisionSettings',
    'Decision',
    'Everything one decision cycle needs',
    anyOf(DecisionSettings, DecisionSettingsOfMode),
    DecisionQuery,
  )
  app.get<{ Querystring: { mode?: string } }>(DECISION_URL, { schema: decision }, async (request, reply) => {
    const { mode } = request.query
    const bundle = decisionBundle(mode === undefined ? undefined : requireMode(mode))
    return answer(request, reply, bundle)
  })
  app.get(
    MODES_URL,
    { schema: schemaOf('getModes', 'Documents', 'Read: all four modes', Modes) },
    (request, reply) => answer(request, reply, MODES_BUNDLE),
  )
  app.get(
    SAFETY_URL,
    {
      schema: schemaOf(
        'getSafetySettings',
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
