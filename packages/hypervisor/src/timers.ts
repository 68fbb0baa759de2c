/** When the vCPUs of a pCPU are to be run next, by slot: a binary heap, so that what sleeps is not looked at. */
export class Timers {
  /** Slots, those with the earlier times above the later ones. */
  private readonly heap: number[] = [];
  /** By slot. */
  private readonly times: bigint[] = [];
  /** Where a slot is in the heap, plus 1; 0 when it is not there. */
  private readonly places: number[] = [];

  /** The slot with the earliest time. */
  get first(): number | undefined {
    return this.heap[0];
  }
  /** The time of a slot that has one. */
  at(slot: number): bigint {
    return this.times[slot] as bigint;
  }

  set(slot: number, at: bigint): void {
    while (this.places.length <= slot) {
      this.places.push(0);
      this.times.push(0n);
    }
    const before = this.times[slot] as bigint;
    this.times[slot] = at;
    let place = (this.places[slot] as number) - 1;
    if (place < 0) {
      place = this.heap.length;
      this.heap.push(slot);
      this.places[slot] = place + 1;
      this.up(place);
    } else if (at < before) this.up(place);
    else this.down(place);
  }

  remove(slot: number): void {
    const place = (this.places[slot] ?? 0) - 1;
    if (place < 0) return;
    this.places[slot] = 0;
    const last = this.heap.pop() as number;
    if (last === slot) return;
    this.put(place, last);
    this.up(place);
    this.down((this.places[last] as number) - 1);
  }

  private put(place: number, slot: number): void {
    this.heap[place] = slot;
    this.places[slot] = place + 1;
  }
  private earlier(a: number, b: number): boolean {
    return (this.times[this.heap[a] as number] as bigint) < (this.times[this.heap[b] as number] as bigint);
  }
  private swap(a: number, b: number): void {
    const slot = this.heap[a] as number;
    this.put(a, this.heap[b] as number);
    this.put(b, slot);
  }
  private up(from: number): void {
    for (let place = from; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (!this.earlier(place, parent)) return;
      this.swap(place, parent);
      place = parent;
    }
  }
  private down(from: number): void {
    for (let place = from; ; ) {
      let least = place;
      for (let child = place * 2 + 1; child <= place * 2 + 2; child++)
        if (child < this.heap.length && this.earlier(child, least)) least = child;
      if (least === place) return;
      this.swap(place, least);
      place = least;
    }
  }
}
