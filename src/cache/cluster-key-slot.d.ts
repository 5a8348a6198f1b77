declare module 'cluster-key-slot' {
  /** The slot (0 to 16,383) of a key, as a Redis Cluster computes it. */
  function calculateSlot(key: string): number
  export = calculateSlot
}
