import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const read = (name: string) => readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8')

/** The text of a script: its first line (`#!lua ...`), what all share, what those of its kind share, its body. */
export function scriptText(name: string): string {
  const own = read(name)
  const end = own.indexOf('\n') + 1
  const shared = name.startsWith('sequence-') ? read('lib') + read('sequence-lib') : read('lib')
  return own.slice(0, end) + shared + own.slice(end)
}

/** A script with the name that EVALSHA knows it by. */
export function readScript(name: string): { readonly text: string; readonly sha1: string } {
  const text = scriptText(name)
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}
