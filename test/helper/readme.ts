import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

export interface Block {
  /** After the fence: sh, ts, sql, ... */
  readonly language: string
  readonly text: string
}

/** Run by test/callers/callers.test.ts. */
const PROGRAMS = 'docs/callers.md'

/** Every page in Markdown that a reader of the repository meets, by its path from the root. */
export const PAGES: readonly string[] = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md'].filter(page => existsSync(join(ROOT, page))),
  ...readdirSync(join(ROOT, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`)
    .sort(),
]

export function pageText(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

/** The README and the pages whose every command is checked. */
export function readmeText(): string {
  return PAGES.filter(page => page !== PROGRAMS)
    .map(pageText)
    .join('\n')
}

/** The fenced blocks of these pages. */
export function readmeBlocks(): Block[] {
  return blocksOf(readmeText())
}

/** The fenced blocks of a text in Markdown. */
export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))
}

/** Every command of their sh blocks, one per line. */
export function readmeCommands(): string[] {
  return readmeBlocks()
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.replaceAll('\\\n', ' ').trim().split('\n'))
}
