import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

export interface Block {
  /** After the fence: sh, ts, sql, ... */
  readonly language: string
  readonly text: string
}

/** The pages whose every command is checked. */
const PAGES = ['README.md', 'docs/configuration.md', 'docs/deploy.md', 'docs/operate.md']

/** The README and the pages of its commands. */
export function readmeText(): string {
  return PAGES.map(page => readFileSync(join(ROOT, page), 'utf8')).join('\n')
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
