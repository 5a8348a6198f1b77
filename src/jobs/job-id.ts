/** True for the form of ids of schedules and bulk changes; a path may hold anything, also what PostgreSQL has no text for. */
export function isJobId(id: string): boolean {
  return /^[\w-]{1,64}$/.test(id)
}
