const KEYWORDS = new Set(['and', 'or', 'unless', 'bool'])

/** The names of the metrics that a PromQL expression asks for. Knows what the rules and the dashboard use of it. */
export function metricsOf(expression: string): string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]|\boffset \w+/g, ' ')
    .replaceAll(/\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
  return [...bare.matchAll(/(?<![\w.$])([a-zA-Z_:][\w:]*)(?!\w|\s*\()/g)]
    .map(([, name]) => name!)
    .filter(name => !KEYWORDS.has(name))
}
