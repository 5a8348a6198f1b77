import { Type } from '@sinclair/typebox'
import { PROBLEMS } from '../problem-error.ts'
import { any, component, enumeration } from './registry.ts'

export const Fault = component(
  'Fault',
  Type.Object({
    path: Type.String({ description: 'dotted path inside the body; empty = the body itself' }),
    message: Type.String(),
  }),
)

export const Problem = component(
  'Problem',
  Type.Object(
    {
      type: Type.String(),
      title: Type.String(),
      status: Type.Integer(),
      detail: Type.String(),
      instance: Type.String({ description: 'id of the request' }),
      code: enumeration(Object.keys(PROBLEMS), {
        description: 'stable, for programs to decide by; later versions may have more',
      }),
      errors: Type.Optional(Type.Array(Fault, { description: 'all faults of the input at once' })),
      current: Type.Optional(any('412: the current envelope')),
    },
    { description: 'RFC 9457' },
  ),
)
