import { readFileSync } from 'node:fs'

const read = (name: string) => readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8')

/** The text of a script: its first line (`#!lua ...`), what all share, its body. */
export function scriptText(name: string): string {
  const own = read(name)
  const end = own.indexOf('\n') + 1
  return own.slice(0, end) + read('lib') + own.slice(end)
}
