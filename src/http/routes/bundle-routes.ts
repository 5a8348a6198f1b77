import { type TObject, type TSchema, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { MODES } from '../../documents/catalogue.ts'
import { decisionBundle, MODES_BUNDLE, SAFETY_BUNDLE } from '../../settings/bundles.ts'
import { PAST_TEXT } from '../openapi/cache-texts.ts'
import {
  anyOf,
  DecisionSettings,
  DecisionSettingsOfMode,
  Modes,
  SafetySettings,
} from '../openapi/components.ts'
import { operation } from '../openapi/operation.ts'
import { PastOfBundle } from '../openapi/parameters.ts'
import { type PastQuery, pointInTime } from '../point-in-time.ts'
import type { RouteDoor } from '../reads/route-door.ts'
import { DECISION_URL, MODES_URL, SAFETY_URL } from '../reads/table.ts'
import { PAST_ERRORS } from './document-routes.ts'
import { requireMode } from './document-table.ts'

const DecisionQuery = Type.Object({
  ...PastOfBundle.properties,
  mode: Type.Optional(Type.String({ description: `answer only this mode: ${MODES.join(', ')}` })),
})

/** Several documents in one answer, never torn, in one Redis round trip. */
export function bundleRoutes(app: FastifyInstance, door: RouteDoor): void {
  const decision = schemaOf(
    'getDecisionSettings',
    'Decision',
    'Everything one decision cycle needs',
    anyOf(DecisionSettings, DecisionSettingsOfMode),
    DecisionQuery,
  )
  type DecisionQuerystring = PastQuery & { mode?: string }
  app.get<{ Querystring: DecisionQuerystring }>(DECISION_URL, { schema: decision }, (request, reply) => {
    const { mode } = request.query
    const bundle = decisionBundle(mode === undefined ? undefined : requireMode(mode))
    door.answer(request, reply, bundle, pointInTime(request.query))
  })
  app.get<{ Querystring: PastQuery }>(
    MODES_URL,
    { schema: schemaOf('getModes', 'Documents', 'Read: all four modes', Modes) },
    (request, reply) => door.answer(request, reply, MODES_BUNDLE, pointInTime(request.query)),
  )
  app.get<{ Querystring: PastQuery }>(
    SAFETY_URL,
    {
      schema: schemaOf(
        'getSafetySettings',
        'Documents',
        'Read: the safety settings of all modes',
        SafetySettings,
      ),
    },
    (request, reply) => door.answer(request, reply, SAFETY_BUNDLE, pointInTime(request.query)),
  )
}

function schemaOf(
  id: string,
  tag: string,
  summary: string,
  answer: TSchema,
  querystring: TObject = PastOfBundle,
) {
  return operation({
    id,
    tag,
    summary,
    description: [
      'Read from Redis with one command and sent as stored; one ETag for the whole. When any document is missing there,',
      'all of them are read from PostgreSQL in one statement and put into Redis. A reset that touches several',
      'documents is seen whole or not at all. `Cache-Status` says where the answer came from.',
      `\n\n${PAST_TEXT}`,
    ].join(' '),
    auth: 'user',
    querystring,
    responses: { 200: { description: 'The documents, all as of one moment.', schema: answer } },
    errors: ['NOT_FOUND', 'DATABASE_UNAVAILABLE', ...PAST_ERRORS],
    conditional: true,
  })
}
