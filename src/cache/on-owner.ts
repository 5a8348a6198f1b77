import type { ClusterNode, ClusterNodes } from './cluster-nodes.ts'

/** What is made for one partition on the node that owns it, made again when another node does. */
export class OnOwner<T> {
  readonly #nodes: Pick<ClusterNodes, 'ownerOf'>
  readonly #partition: number
  readonly #make: (node: ClusterNode) => T
  readonly #without: T
  #node: ClusterNode | undefined
  #made: T

  /** `without` stands in while no owner is known. */
  constructor(
    nodes: Pick<ClusterNodes, 'ownerOf'>,
    partition: number,
    make: (node: ClusterNode) => T,
    without: T,
  ) {
    this.#nodes = nodes
    this.#partition = partition
    this.#make = make
    this.#without = without
    this.#made = without
  }

  get current(): T {
    const node = this.#nodes.ownerOf(this.#partition)
    if (node !== this.#node) {
      this.#node = node
      this.#made = node === undefined ? this.#without : this.#make(node)
    }
    return this.#made
  }
}
