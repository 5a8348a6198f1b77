/** What a server process answers its bench. */
export interface Usage {
  /** User and system time so far, microseconds. */
  readonly cpuUs: number
  readonly rssBytes: number
}

/** In a forked server: tells the parent the URL, answers its questions for usage, and ends with it. */
export function reportTo(parent: NodeJS.Process, url: string): void {
  parent.on('message', () => {
    const { user, system } = process.cpuUsage()
    const usage: Usage = { cpuUs: user + system, rssBytes: process.memoryUsage.rss() }
    parent.send?.({ usage })
  })
  parent.on('disconnect', () => process.exit())
  parent.send?.({ url })
}
