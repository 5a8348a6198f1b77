/** What error codes of the system mean to an operator. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the port is taken by another process',
  EADDRNOTAVAIL: 'this machine has no such address',
  EEXIST: 'a file is in the way',
  EHOSTUNREACH: 'the host cannot be reached',
  EISDIR: 'it is a directory',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was closed',
  EAI_AGAIN: 'the name server does not answer',
  ENOENT: 'it does not exist',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a file is in the way',
  ENOTFOUND: 'there is no host of that name',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ETIMEDOUT: 'it does not answer',
}

/** The words of an error code of the system; the code itself when it is none of the common ones. */
export function systemErrorWords(code: string): string {
  const words = SYSTEM_ERRORS[code]
  return words === undefined ? code : `${words} (${code})`
}

/** The code of an error, such as ENOENT or a SQLSTATE. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
