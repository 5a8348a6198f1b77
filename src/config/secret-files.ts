import { readFileSync } from 'node:fs'
import { codeOf, systemErrorWords } from '../plain-words.ts'
import type { Environment } from './parse-variables.ts'
import { SECRET_VARIABLES } from './variables.ts'

/** A secret is one line or a list; a larger file is a wrong path. */
const MAX_BYTES = 64 * 1_024

/** The variable that names the file of a secret, as Docker and Kubernetes mount them. */
export function fileVariable(name: string): string {
  return `${name}_FILE`
}

/**
 * The environment with the secrets of `<NAME>_FILE` read from those files, without the line ends at their end. Adds to
 * `faults` what cannot be read or is given twice, never with the content of a file.
 */
export function withSecretFiles(env: Environment, faults: string[]): Environment {
  const secrets: Record<string, string> = {}
  for (const name of SECRET_VARIABLES) {
    const variable = fileVariable(name)
    const path = env[variable]?.trim()
    if (!path) continue
    if (env[name]?.trim()) {
      faults.push(`${name} and ${variable} are both set: use one of them`)
      continue
    }
    const content = contentOf(path)
    if (content.fault === undefined) secrets[name] = content.text
    else faults.push(`${variable}: ${path} ${content.fault}`)
  }
  return { ...env, ...secrets }
}

type Content = { readonly text: string; readonly fault?: never } | { readonly fault: string }

function contentOf(path: string): Content {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    return { fault: `cannot be read: ${systemErrorWords(codeOf(error) ?? String(error))}` }
  }
  if (bytes.length > MAX_BYTES) return { fault: `is larger than ${MAX_BYTES} bytes` }
  // Editors on Windows begin a file with a byte order mark.
  const text = bytes
    .toString()
    .replace(/^\uFEFF/, '')
    .replace(/[\r\n]+$/, '')
  if (text.trim() === '') return { fault: 'is empty' }
  return { text }
}
