/** What elements print: on a channel that everybody hears, and on others, which those hear who listen there. */
type Listener = (text: string) => void;

const everybody = "default";

export class Chatter {
  private readonly out: Listener;
  private readonly channels = new Map<string, { readonly listeners: Set<Listener>; readonly quiet: boolean }>();

  /** `out` gets what is for everybody. */
  constructor(out: Listener) {
    this.out = out;
  }

  /** What is said on a channel that nobody made is lost. */
  write(text: string, name: string = everybody): void {
    const channel = this.channels.get(name);
    if (name === everybody) this.out(text);
    else if (channel?.quiet === false) this.write(text);
    for (const listener of channel?.listeners ?? []) listener(text);
  }

  /** The first to listen makes the channel; where it is not quiet, everybody hears it. The result ends it. */
  listen(run: Listener, name: string = everybody, quiet: boolean = true): () => void {
    const channel = this.channels.get(name) ?? { listeners: new Set(), quiet };
    this.channels.set(name, channel);
    channel.listeners.add(run);
    return () => channel.listeners.delete(run);
  }
}
