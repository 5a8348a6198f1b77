/** The texts around the values of one body: before the first, between two, behind the last; one more than there are values. */
export type Around = readonly (Buffer | string)[]

/** One body made of several values, and where each of them begins and ends in it, in turn. */
export interface JoinedBody {
  readonly body: Buffer
  readonly spans: readonly number[]
}

export function joinBody(around: Around, values: readonly Buffer[]): JoinedBody {
  const pieces: Buffer[] = []
  const spans: number[] = []
  let end = 0
  around.forEach((text, index) => {
    const before = typeof text === 'string' ? Buffer.from(text) : text
    const value = values[index]
    pieces.push(before)
    end += before.length
    if (value === undefined) return
    pieces.push(value)
    spans.push(end, end + value.length)
    end += value.length
  })
  return { body: Buffer.concat(pieces, end), spans }
}
