import { ProblemAnswer, send } from './api.js'
import { useEffect, useState } from './html.js'
import { signOut } from './session.js'

/** Follows a user's changes as they are stored. By fetch, because an EventSource sends no token but in its address. */

const RETRY_MS = 2_000
/** The newest; more are no use on a screen. */
const MAX_EVENTS = 30

/**
 * In a component: what changed since it appeared, newest first, and whether the stream is open.
 * @param {string | undefined} user undefined = nobody is followed
 * @returns {{ isOpen: boolean, events: readonly { document: string, version: number, deleted?: boolean, at: number }[] }}
 */
export function useChanges(user) {
  const [shown, show] = useState({ isOpen: false, events: [] })
  useEffect(() => {
    if (user === undefined) return undefined
    const left = new AbortController()
    const { signal } = left
    const whileHere = change => {
      if (!signal.aborted) show(change)
    }
    void follow(user, signal, {
      opened: isOpen => whileHere(before => ({ ...before, isOpen })),
      changed: event =>
        whileHere(({ isOpen, events }) => ({
          isOpen,
          events: [{ ...event, at: Date.now() }, ...events].slice(0, MAX_EVENTS),
        })),
    })
    return () => left.abort()
  }, [user])
  return shown
}

async function follow(user, signal, { opened, changed }) {
  let last = ''
  const take = ({ id, event, data }) => {
    if (id !== undefined) last = id
    if (event === 'change') changed(JSON.parse(data))
  }
  while (!signal.aborted) {
    try {
      const headers = last === '' ? {} : { 'last-event-id': last }
      const response = await send('api/user/settings/events', { user, signal, headers })
      if (response.status === 401) signOut('This token is not valid or has expired.')
      if (response.status < 500 && !response.ok) return
      if (!response.ok) throw new ProblemAnswer(response.status, undefined)
      opened(true)
      for await (const message of messagesOf(response.body)) take(message)
    } catch {
      // The gateway is away or restarts: what changed meanwhile follows when it is back.
    }
    opened(false)
    await new Promise(resolve => setTimeout(resolve, RETRY_MS))
  }
}

async function* messagesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const messages = (text + read.value).split('\n\n')
    text = messages.pop()
    yield* messages.map(fieldsOf)
  }
}

function fieldsOf(message) {
  const lines = message.split('\n').map(line => /^(\w+): ?(.*)$/.exec(line))
  return Object.fromEntries(lines.flatMap(match => (match === null ? [] : [[match[1], match[2]]])))
}
