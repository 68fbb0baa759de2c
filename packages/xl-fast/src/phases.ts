/** Measures the phases of a creation as they end. */
export class Phases {
  readonly list: { name: string; us: number }[] = [];
  private readonly started = performance.now();
  private last = this.started;

  end(name: string): void {
    const now = performance.now();
    this.list.push({ name, us: (now - this.last) * 1000 });
    this.last = now;
  }
  get totalUs(): number {
    return (this.last - this.started) * 1000;
  }
}
