import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

export interface Block {
  /** After the fence: sh, ts, sql, ... */
  readonly language: string
  readonly text: string
}

export function readmeText(): string {
  return readFileSync(join(ROOT, 'README.md'), 'utf8')
}

/** The fenced blocks of the README. */
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

/** Every command of the README's sh blocks, one per line. */
export function readmeCommands(): string[] {
  return readmeBlocks()
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.replaceAll('\\\n', ' ').trim().split('\n'))
}
