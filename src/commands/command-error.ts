/** The work of a command cannot go on. The message is for the person at the terminal. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
}

/** For `catch`: throws a CommandError such as `users.ndjson cannot be read: EIO: ...`. */
export function cannotRead(what: string): (error: unknown) => never {
  return error => {
    throw new CommandError(`${what} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

/** What `source` yields; CommandError when it breaks off. */
export async function* readable<T>(what: string, source: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* source
  } catch (error) {
    cannotRead(what)(error)
  }
}
