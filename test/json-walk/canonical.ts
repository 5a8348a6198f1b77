/**
 * JSON in canonical form (names sorted by UTF-16 code units, numbers as JavaScript writes them), by a parser of its own:
 * the gateway's would hide its own mistakes, and JSON.parse makes some. For valid texts; throws for others.
 */
export function canonical(text: string): string {
  let at = 0
  const result = value()
  if (at < text.length) throw new Error(`unexpected text at ${at}`)
  return result

  function value(): string {
    if (text[at] === '{') return object()
    if (text[at] === '[') return array()
    if (text[at] === '"') return JSON.stringify(string())
    const [token = ''] = /[-+.\w]+/y.exec(rest(32)) ?? []
    const whole = token.length === 32 ? (/[-+.\w]+/y.exec(rest(2_000))?.[0] ?? '') : token
    if (whole === '') throw new Error(`a value is missing at ${at}`)
    at += whole.length
    return /^[-\d]/.test(whole) ? String(Number(whole) + 0) : whole
  }

  function object(): string {
    const fields: [string, string][] = []
    for (at++; text[at] !== '}'; ) {
      if (text[at] === ',') at++
      const name = string()
      if (text[at++] !== ':') throw new Error(`a colon is missing at ${at}`)
      fields.push([name, value()])
    }
    at++
    fields.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${fields.map(([name, item]) => `${JSON.stringify(name)}:${item}`).join(',')}}`
  }

  function array(): string {
    const items: string[] = []
    for (at++; text[at] !== ']'; ) {
      if (text[at] === ',') at++
      items.push(value())
    }
    at++
    return `[${items.join(',')}]`
  }

  function string(): string {
    const start = at
    for (at++; text[at] !== '"'; at++) {
      if (at >= text.length) throw new Error('a text has no end')
      if (text[at] === '\\') at++
    }
    at++
    // A text that is no name: JSON.parse reads those correctly.
    return JSON.parse(text.slice(start, at))
  }

  function rest(length: number): string {
    return text.slice(at, at + length)
  }
}
