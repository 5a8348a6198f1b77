import { type ParseOptions, printParseErrorCode, visit } from 'jsonc-parser'
import type { Fault } from '../../errors.ts'
import { shownPath } from '../paths.ts'
import { numberOf } from './exact-number.ts'

const MAX_FAULTS = 100
/** JSON without the extensions of jsonc-parser. */
const STRICT: ParseOptions = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false }

/** Thrown to leave the visitor, which would go on behind a fault. */
class Stop extends Error {}

/**
 * Reads a text that JSON.parse accepts where JSON.parse itself is not good enough: V8 12.8 to 14.6 takes one escaped
 * name for another (nodejs/node #63785), numbers lose digits, and the first value of a name that is given twice is dropped.
 * Numbers that would change are ExactNumbers; each name given twice is a fault. The depth must be bounded: it recurses.
 */
export function parseCarefully(text: string): { value: unknown; faults: Fault[] } {
  const faults: Fault[] = []
  const containers: (unknown[] | Map<string, unknown>)[] = []
  /** The name whose value comes next, for each object on the way. */
  const names: string[] = []
  let root: unknown

  function add(value: unknown): void {
    const container = containers.at(-1)
    if (container === undefined) root = value
    else if (Array.isArray(container)) container.push(value)
    else container.set(names.at(-1)!, value)
  }

  visitAll(text, {
    onObjectBegin() {
      containers.push(new Map())
      names.push('')
    },
    onObjectProperty(name, _offset, _length, _line, _column, pathTo) {
      const object = containers.at(-1) as Map<string, unknown>
      if (object.has(name)) {
        const path = shownPath([...pathTo(), name].map(String))
        if (faults.push({ path, message: 'must not be given twice' }) >= MAX_FAULTS) throw new Stop()
      }
      names[names.length - 1] = name
    },
    onObjectEnd() {
      names.pop()
      add(Object.fromEntries(containers.pop() as Map<string, unknown>))
    },
    onArrayBegin: () => {
      containers.push([])
    },
    onArrayEnd: () => add(containers.pop()),
    onLiteralValue(value, offset, length) {
      add(typeof value === 'number' ? numberOf(text.slice(offset, offset + length)) : value)
    },
  })
  return { value: root, faults }
}

/** Where a text stops being JSON, and why; undefined when this reader finds nothing wrong. */
export function syntaxFaultOf(text: string): { offset: number; message: string } | undefined {
  let fault: { offset: number; message: string } | undefined
  visitAll(text, {
    onError(code, offset) {
      const name = printParseErrorCode(code)
      const isEnd = offset >= text.length || name === 'UnexpectedEndOfString'
      fault = { offset, message: isEnd ? 'it ends too early' : wordsOf(name) }
      throw new Stop()
    },
  })
  return fault
}

function visitAll(text: string, visitor: Parameters<typeof visit>[1]): void {
  try {
    visit(text, visitor, STRICT)
  } catch (error) {
    if (!(error instanceof Stop)) throw error
  }
}

/** `CommaExpected` as `comma expected`. */
function wordsOf(code: string): string {
  return code.replaceAll(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`).trim()
}
