import pino from 'pino'

/** Lines that could not be written yet, in bytes; more are dropped: a log that is not read must not stop the gateway. */
const MAX_UNWRITTEN_BYTES = 1_024 * 1_024

/**
 * The standard output, for the log. A full disk behind it, or a reader that has gone, costs lines and nothing else: without
 * a listener the error would end the process.
 */
export function logDestination(fd = 1): { write(line: string): void } {
  const destination = pino.destination({ dest: fd, sync: false, maxLength: MAX_UNWRITTEN_BYTES })
  destination.on('error', () => {})
  return destination
}
