/**
 * The daemon's interface, version 1: its methods and streams with what they take and give, as plain data for JSON.
 *
 * Times are in seconds since 1970 where they say `at`, and in the unit of their name otherwise. Names of domains, switches and
 * ports have 1 to 64 letters, digits, `.`, `_`, `-`, and begin with a letter or digit. Bytes are in base64.
 */

/** Counted up when something that is there changes its meaning; additions leave it. */
export const apiVersion = 1;

export interface DaemonInfo {
  readonly api: number;
  /** Of the program. */
  readonly version: string;
  readonly pid: number;
  /** When it started. */
  readonly startedAt: number;
  /** The socket that it answers on. */
  readonly socket: string;
  /** The socket of its Xen store, for `XENSTORED_PATH`. */
  readonly store: string;
  /** The folder of its journal, images and checkpoints. */
  readonly state: string;
  /** Threads that run domains, the daemon's own included, which is pCPU 0. */
  readonly pcpus: number;
  /** How long it took to have back what was defined, and what it could not have back. */
  readonly recovery: { readonly milliseconds: number; readonly problems: readonly string[] };
}

/** What happens when a domain crashes: it stays as it is, to be looked at, goes away, or starts again. */
export type OnCrash = "preserve" | "destroy" | "restart";

/** How packets move between a domain and its switch: the paper's stages, from a request a packet to rings in batches. */
export type VifMode = "baseline" | "+grants" | "+vale" | "+batch";

/** The VLANs of a port, in a switch with VLANs: `access` for one, or `trunk` for several, of which `native` has no tags. */
export interface VlanDefinition {
  readonly access?: number | undefined;
  readonly trunk?: readonly number[] | "all" | undefined;
  readonly native?: number | undefined;
  /** The priority that tags have of frames that came without one, 0 to 7. */
  readonly priority?: number | undefined;
}

/** What a switch is told of a port. */
export interface PortDefinition {
  readonly vlans?: VlanDefinition | undefined;
  /** Does not reach other isolated ports; with a name, other ports of that group. */
  readonly isolated?: boolean | string | undefined;
  /** `false`: it gets no frames to groups, nor to stations that nobody knows. */
  readonly flood?: boolean | undefined;
  /** Frames a second that may enter here and go to many. */
  readonly floodLimits?:
    | { readonly broadcast?: number | undefined; readonly unknownUnicast?: number | undefined }
    | undefined;
  /** Bits a second that may enter the switch here, or leave; `burst` in bytes. What is beyond is dropped. */
  readonly rateLimits?:
    | {
        readonly entering?: number | undefined;
        readonly leaving?: number | undefined;
        readonly burst?: number | undefined;
      }
    | undefined;
  /** Who comes first where room is scarce: 0, the default, to 7. */
  readonly priority?: number | undefined;
}

/** An interface of a domain. */
export interface VifDefinition extends PortDefinition {
  /** The switch. */
  readonly bridge: string;
  readonly mac?: string | undefined;
  /** `+batch` by default. */
  readonly mode?: VifMode | undefined;
  /** What the domain may send: `10Mb/s`, `500KB/s@20ms`. */
  readonly rate?: string | undefined;
  /** Bytes behind the Ethernet header, up to 9,000. */
  readonly mtu?: number | undefined;
  /** Whether the domain may use its own addresses only; by default where the switch looks at addresses. */
  readonly antiSpoof?: boolean | undefined;
  /** Addresses that are the domain's besides `mac`. */
  readonly addresses?: readonly string[] | undefined;
}

/** A Click configuration: its text, and the name that errors show. */
export interface Configuration {
  readonly file: string;
  readonly text: string;
}

export interface DomainDefinition {
  readonly name: string;
  /** An image. */
  readonly image?: string | undefined;
  /** A configuration, which the daemon compiles. Without this and an image the domain is a shell, which waits for routers. */
  readonly configuration?: Configuration | undefined;
  /** One for each interface of the image, in the order of their devices. */
  readonly vifs?: readonly VifDefinition[] | undefined;
  /** What the image needs by default; 8 MiB for a shell. */
  readonly memoryKiB?: number | undefined;
  /** The pCPU to run on; 0 is the daemon's own thread, which no watchdog guards. */
  readonly pcpu?: number | undefined;
  /** Its share of the pCPU: 1 to 65535, 256 by default. */
  readonly weight?: number | undefined;
  /** Percent of a pCPU at most; 0, the default, is no limit. */
  readonly cap?: number | undefined;
  /** `preserve` by default. */
  readonly onCrash?: OnCrash | undefined;
  /** Whether it is left paused. */
  readonly paused?: boolean | undefined;
  /** Seconds from one checkpoint to the next; none are taken without it. */
  readonly checkpointSeconds?: number | undefined;
  /** A word by which things that were defined together are found again, such as a topology's name. */
  readonly group?: string | undefined;
  /** What whoever defined it wants to know again, such as a digest of what it was defined by. */
  readonly tag?: string | undefined;
}

/** `failed` is one that is defined, and could not be made again when the daemon started: `error` says why. */
export type DomainState = "paused" | "running" | "halted" | "crashed" | "failed";

export interface CrashInfo {
  readonly cause: string;
  readonly message: string;
  readonly stack: readonly string[];
  /** The element that it was in, and its place in the configuration. */
  readonly element?: string | undefined;
  readonly configuration?: string | undefined;
}

export interface VifInfo {
  readonly device: number;
  /** The name of its port at the switch. */
  readonly port: string;
  readonly bridge: string;
  readonly mac: string;
}

export interface RouterInfo {
  readonly number: number;
  readonly status: "Running" | "Halted";
  /** Of one that runs. */
  readonly elements: number;
}

export interface DomainInfo {
  /** 0 for one that could not be made. */
  readonly id: number;
  readonly name: string;
  readonly state: DomainState;
  readonly memoryKiB: number;
  readonly pcpu: number;
  readonly weight: number;
  readonly cap: number;
  readonly onCrash: OnCrash;
  /** Time that its vCPU has run. */
  readonly runTimeNs: number;
  readonly slices: number;
  readonly createdAt: number;
  readonly vifs: readonly VifInfo[];
  readonly routers: readonly RouterInfo[];
  /** How often it was started again after a crash. */
  readonly restarts: number;
  readonly shutdownReason?: string | undefined;
  readonly error?: string | undefined;
  readonly crash?: CrashInfo | undefined;
  /** Of one that packets made: the rule, and what it is for. */
  readonly rule?: string | undefined;
  readonly key?: string | undefined;
  readonly group?: string | undefined;
  readonly tag?: string | undefined;
}

/** Microseconds of the phases of a creation. */
export interface CreateResult {
  readonly domain: DomainInfo;
  readonly timeline: {
    readonly totalUs: number;
    readonly phases: readonly { readonly name: string; readonly us: number }[];
  };
}

export interface SwitchDefinition {
  readonly name: string;
  /** A learning bridge by default; `patch` joins two ports. */
  readonly lookup?: "learning" | "patch" | undefined;
  /** Whether it has VLANs (IEEE 802.1Q): each port is in some. Otherwise tags are a part of frames like any other. */
  readonly vlans?: boolean | undefined;
  readonly group?: string | undefined;
  readonly tag?: string | undefined;
}

/** Something real at a port of a switch. */
export interface AttachmentDefinition extends PortDefinition {
  readonly switch: string;
  /** The port's name; made from the switch's by default. */
  readonly name?: string | undefined;
  /** As `tap:click0`, `af_packet:eth0`, `qemu:/run/guest.sock`, `udp:…`, `vxlan:…`, `ws:…`, `pcap:…`. */
  readonly specification: string;
  readonly mtu?: number | undefined;
  readonly group?: string | undefined;
  readonly tag?: string | undefined;
}

export interface PortInfo {
  readonly name: string;
  /** What is behind it: an attachment's text, or the domain's name and device. */
  readonly peer: string;
  readonly kind: "attachment" | "vif";
  readonly inPackets: number;
  readonly inBytes: number;
  readonly outPackets: number;
  readonly outBytes: number;
  /** Frames that were dropped here, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** What is wrong at the moment: nobody is connected. */
  readonly problem?: string | undefined;
  readonly group?: string | undefined;
  readonly tag?: string | undefined;
}

/** A frame that passed a port. */
export interface TappedFrame {
  /** Nanoseconds since 1970, as decimal digits. */
  readonly timeNs: string;
  /** Bytes that it has; `data` may hold fewer. */
  readonly length: number;
  /** In base64. */
  readonly data: string;
}

export interface SwitchInfo {
  readonly name: string;
  readonly lookup: string;
  readonly vlans?: boolean | undefined;
  readonly ports: readonly PortInfo[];
  /** Frames that had nowhere to go, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  readonly group?: string | undefined;
  readonly tag?: string | undefined;
}

/**
 * A rule by which packets make domains: one for each flow, IP source, subscriber (Ethernet source) or VLAN of the frames that enter the
 * switch of the first interface. It is made when its first frame comes, which waits for it, and goes when there were none for a time.
 */
export interface ReactiveDefinition {
  /** Domains are called `NAME.1`, `NAME.2` and so on. */
  readonly name: string;
  readonly per: "flow" | "source" | "subscriber" | "vlan";
  /**
   * What the domains run. Parameters stand for the key in arguments that a handler changes: `$SRC`, `$DST`, `$PROTO`, `$SPORT`, `$DPORT` of a
   * flow, `$SRC` of a source, `$MAC` and `$INNER_VLAN` of a subscriber, and `$VLAN`.
   */
  readonly configuration: Configuration;
  /** Handlers that are written before a domain runs, with texts in which parameters may stand. */
  readonly set?: Readonly<Record<string, string>> | undefined;
  readonly vifs: readonly VifDefinition[];
  /** Ports of the switch whose frames make domains; by default all but those of the rule's domains. */
  readonly ports?: readonly string[] | undefined;
  /** 30 by default. */
  readonly idleSeconds?: number | undefined;
  /** Domains at most, and keys that wait for one; 1,024 by default. */
  readonly limit?: number | undefined;
  /** Domains made in a second at most; 1,000 by default. */
  readonly ratePerSecond?: number | undefined;
  /** Frames that wait at most, 4,096 by default; and of one domain, 64. */
  readonly queue?: number | undefined;
  readonly queuePerDomain?: number | undefined;
  /** Prepared domains; 4 by default. */
  readonly shells?: number | undefined;
  readonly memoryKiB?: number | undefined;
  readonly pcpu?: number | undefined;
  readonly weight?: number | undefined;
  readonly cap?: number | undefined;
  readonly group?: string | undefined;
  readonly tag?: string | undefined;
}

export interface ReactiveInfo {
  readonly name: string;
  readonly per: ReactiveDefinition["per"];
  readonly switch: string;
  /** Why it is not in force, of one that could not be made again. */
  readonly error?: string | undefined;
  /** Domains there are, and keys that wait for one. */
  readonly domains: number;
  readonly pending: number;
  /** Domains that were made, that went because they were idle, that crashed, and that could not be made. */
  readonly created: number;
  readonly reaped: number;
  readonly crashed: number;
  readonly failed: number;
  /** The last reason for which one could not be made, or crashed. */
  readonly lastError?: string | undefined;
  /**
   * Frames: those that were sent to their domain as they came (`steered`); those that were kept until there was one, of which were sent on
   * (`released`), wait, or were lost with their domain; and those that were dropped, because too many frames wait (`queueFull`), too many
   * domains are there (`tooManyKeys`), or their domain could not be made (`refused`).
   */
  readonly frames: Readonly<
    Record<"steered" | "held" | "released" | "waiting" | "lost" | "queueFull" | "tooManyKeys" | "refused", number>
  >;
  readonly group?: string | undefined;
  readonly tag?: string | undefined;
}

export interface HandlerInfo {
  readonly path: string;
  readonly access: "r" | "w" | "rw";
  /** counter, gauge, rate, flag, text, table, button */
  readonly kind: string;
  readonly unit?: string | undefined;
}

/** How a domain has moved. */
export interface MigrationResult {
  /** Milliseconds from when it stood still to when it ran at the other side, as this side saw it; and of all. */
  readonly pauseMs: number;
  readonly totalMs: number;
  /** How often its memory was gone through, how many frames of 4 KiB were sent, and those of the last time, while it stood still. */
  readonly rounds: number;
  readonly frames: number;
  readonly last: number;
  readonly bytes: number;
  /** Packets that came for it here while it stood still, and were sent on. */
  readonly held: number;
}

/** How a router took the place of another. */
export interface TakeoverInfo {
  /** Milliseconds that the domain stood still. */
  readonly pauseMs: number;
  /** Frames that stood in the rings of interfaces, and that the router has now. */
  readonly frames: number;
  /** Those of interfaces that it does not use. */
  readonly lost: number;
}

/** One of a domain's routers, the first by default. */
export interface RouterPlace {
  readonly domain: string;
  readonly router?: number | undefined;
}

/** Something that happened. */
export interface DaemonEvent {
  readonly at: number;
  /**
   * `domain.created`, `domain.failed`, `domain.destroyed`, `domain.crashed`, `domain.shutdown`, `domain.restarted`, `domain.given-up`, `domain.paused`,
   * `domain.unpaused`, `domain.renamed`, `domain.migrated`, `router.running`, `router.reconfigured`, `router.halted`,
   * `switch.created`, `switch.destroyed`, `port.attached`, `port.detached`, `link.up`, `link.down`, `checkpoint`,
   * `reactive.created`, `reactive.destroyed`, `reactive.failed`.
   */
  readonly event: string;
  /** The domain, switch or port. */
  readonly subject: string;
  readonly detail?: string | undefined;
}

/** What a method takes and gives. */
export interface Method<P, R> {
  readonly params: P;
  readonly result: R;
}
/** Of the domain or switch of that name. */
export interface Named {
  readonly name: string;
}
/** No parameters. */
export type Nothing = Readonly<Record<never, never>>;

/** What can be asked for: a method's parameters, and its result. */
export interface Methods {
  /** The first call of a client: which version it speaks. */
  readonly "daemon.hello": Method<{ readonly api: number }, DaemonInfo>;
  /** Ends the daemon. What is defined comes back with the next one. */
  readonly "daemon.stop": Method<Nothing, null>;

  readonly "domain.create": Method<DomainDefinition, CreateResult>;
  readonly "domain.list": Method<Nothing, readonly DomainInfo[]>;
  readonly "domain.get": Method<Named, DomainInfo>;
  readonly "domain.destroy": Method<Named, null>;
  readonly "domain.pause": Method<Named, null>;
  readonly "domain.unpause": Method<Named, null>;
  readonly "domain.rename": Method<Named & { readonly to: string }, null>;
  /** Sets what whoever defined it wants to know again. */
  readonly "domain.tag": Method<Named & { readonly tag?: string | undefined }, null>;
  /** Asks the domain to end, as `xl shutdown` does. */
  readonly "domain.shutdown": Method<Named, null>;
  /** Has it run on another pCPU. */
  readonly "domain.pin": Method<Named & { readonly pcpu: number }, null>;
  /** Its share of its pCPU: what is not given stays. */
  readonly "domain.share": Method<
    Named & { readonly weight?: number | undefined; readonly cap?: number | undefined },
    { readonly weight: number; readonly cap: number }
  >;
  /** The last of what its console has printed; of one that could not be made, why. */
  readonly "domain.console": Method<Named, { readonly text: string; readonly bytes: number }>;
  /** Types into the console; how many bytes there was room for. */
  readonly "domain.type": Method<Named & { readonly text: string }, { readonly taken: number }>;
  /** Writes the domain to a file, whole or not at all, and ends it unless it is to stay. */
  readonly "domain.save": Method<
    Named & { readonly path: string; readonly keep?: boolean | undefined },
    { readonly bytes: number }
  >;
  /** A domain from what `save` wrote. Without `vifs`, its interfaces go where they were. */
  readonly "domain.restore": Method<
    {
      readonly path: string;
      readonly name?: string | undefined;
      readonly vifs?: readonly VifDefinition[] | undefined;
      readonly recompile?: boolean | undefined;
      readonly paused?: boolean | undefined;
    },
    CreateResult
  >;
  /** A second domain that begins where the first one is. */
  readonly "domain.clone": Method<
    Named & { readonly to: string; readonly vifs?: readonly VifDefinition[] | undefined },
    CreateResult
  >;
  /** Keeps the domain as it is now in the daemon's folder: after a crash of the daemon it goes on from there. */
  readonly "domain.checkpoint": Method<Named, { readonly bytes: number }>;

  /**
   * Has the domain go on at another daemon, at `HOST:PORT` or behind a UNIX socket, as it is: its memory is sent while it runs, and it stands
   * still for what has changed at last. Whatever fails before it was handed over, it goes on here.
   */
  readonly "domain.migrate": Method<
    Named & {
      readonly to: string;
      /** Another name there. */
      readonly as?: string | undefined;
      /** Its interfaces there, in order; by default at switches of the same names. */
      readonly vifs?: readonly VifDefinition[] | undefined;
    },
    MigrationResult
  >;

  /**
   * Compiles a configuration and runs it as a router of a domain. In place of one that runs it does so live: elements of the same
   * name and class keep their state, and interfaces lose no frame. `null` when nothing ran there, or the same.
   */
  readonly "router.install": Method<RouterPlace & { readonly configuration: Configuration }, TakeoverInfo | null>;
  readonly "router.remove": Method<RouterPlace, null>;
  readonly "router.start": Method<RouterPlace, null>;
  readonly "router.stop": Method<RouterPlace, null>;
  readonly "router.list": Method<{ readonly domain: string }, readonly RouterInfo[]>;
  /** The configuration of a router. */
  readonly "router.configuration": Method<RouterPlace, Configuration>;

  readonly "handler.list": Method<RouterPlace & { readonly pattern?: string | undefined }, readonly HandlerInfo[]>;
  readonly "handler.read": Method<
    RouterPlace & { readonly path: string; readonly argument?: string | undefined },
    string
  >;
  readonly "handler.write": Method<RouterPlace & { readonly path: string; readonly value: string }, null>;

  readonly "switch.create": Method<SwitchDefinition, null>;
  readonly "switch.list": Method<Nothing, readonly SwitchInfo[]>;
  readonly "switch.destroy": Method<Named, null>;
  readonly "switch.attach": Method<AttachmentDefinition, { readonly port: string }>;
  readonly "switch.detach": Method<{ readonly switch: string; readonly port: string }, null>;

  /** Puts a rule into force by which packets make domains. */
  readonly "reactive.create": Method<ReactiveDefinition, null>;
  readonly "reactive.list": Method<Nothing, readonly ReactiveInfo[]>;
  /** Ends a rule and its domains. */
  readonly "reactive.destroy": Method<Named, null>;

  /** Counters of everything, as OpenMetrics text. */
  readonly "daemon.metrics": Method<Nothing, string>;
  /** Ends a stream. */
  readonly "stream.close": Method<{ readonly stream: number }, null>;
}

/** A packet of `element.tap`. */
export interface TappedPacket extends TappedFrame {
  /** Whether it begins with an IP header, as elements have said; others begin with an Ethernet header, as a rule. */
  readonly isIp: boolean;
}

/** A port of an element. */
export interface ElementPort {
  readonly element: string;
  readonly port: number;
}

/** What differs in a packet: a field, by the names of its header (`ipv4.ttl`), a whole header (`ethernet`), `length`, or bytes of `payload`. */
export interface FieldChange {
  readonly field: string;
  /** `null` where it was not there, or is not there any more. */
  readonly from: string | null;
  readonly to: string | null;
}

/** A packet of a trace: its number from 1 on, and which of its copies, 0 for itself. */
export interface OfPacket {
  readonly packet: number;
  readonly copy: number;
}

/** A step of a trace. Times are in nanoseconds since 1970, as decimal digits. */
export type TraceStep =
  /** Packets are followed from here on; the router stood still for so long. */
  | { readonly step: "started"; readonly pauseMs: number }
  /** It went from one element to another; `text` says what it is, the first time; `changes` what differs since the step before. */
  | (OfPacket & {
      readonly step: "passed";
      readonly timeNs: string;
      readonly from: ElementPort;
      readonly to: ElementPort;
      readonly text?: string;
      readonly changes: readonly FieldChange[];
    })
  /** A device took it. */
  | (OfPacket & { readonly step: "sent"; readonly timeNs: string; readonly element: string; readonly device: number })
  /** It ended there: dropped for a reason, or without one, as `Discard` does. */
  | (OfPacket & {
      readonly step: "dropped";
      readonly timeNs: string;
      readonly element: string;
      readonly className: string;
      readonly reason: string | null;
    })
  /** The trace ends, and the element holds it still. */
  | (OfPacket & { readonly step: "held"; readonly element: string })
  /** Steps before this one that there was no room for. */
  | { readonly step: "lost"; readonly steps: number };

/** What a stream takes, and its items. */
export interface Stream<P, I> {
  readonly params: P;
  readonly item: I;
}

/** What goes on until it is closed: a stream's parameters, and its items. */
export interface Streams {
  /** What happens from here on. */
  readonly "daemon.events": Stream<Nothing, DaemonEvent>;
  /** What a console has printed, and what it prints. It ends with the domain. */
  readonly "domain.follow": Stream<Named, { readonly text: string }>;
  /** Frames that pass a port of a switch: those that enter the switch there, those that leave it, or both. */
  readonly "port.tap": Stream<
    {
      readonly switch: string;
      readonly port: string;
      readonly direction?: "in" | "out" | "both" | undefined;
      /** Bytes of each frame that are wanted; all by default. */
      readonly snapLength?: number | undefined;
    },
    {
      readonly frames: readonly TappedFrame[] /** Frames before these that nobody had room for. */;
      readonly lost: number;
    }
  >;
  /**
   * Packets on their way through a router: each connection between elements that one passes, and where it ends. For that time the
   * router is replaced, live, by one that records; it ends with so many packets (`count`), or when it is closed.
   */
  readonly "router.trace": Stream<
    RouterPlace & {
      /** A pattern of IPFilter's: which IPv4 packets. All packets by default. */
      readonly filter?: string | undefined;
      readonly count?: number | undefined;
    },
    TraceStep
  >;
  /** Packets that pass a port of an element, by the same means. The first item has none: they are recorded from there on. */
  readonly "element.tap": Stream<
    RouterPlace & {
      readonly element: string;
      readonly port: number;
      /** Of the element: an output or an input; by default its output of that number, or its input where it has none. */
      readonly direction?: "in" | "out" | undefined;
      readonly filter?: string | undefined;
      /** Bytes of each packet that are wanted; up to 2,048, and as many by default. */
      readonly snapLength?: number | undefined;
    },
    {
      readonly frames: readonly TappedPacket[] /** Packets before these that nobody had room for. */;
      readonly lost: number;
    }
  >;
  /** Values of handlers: those of now, and each that changes. */
  readonly "handler.watch": Stream<
    RouterPlace & { readonly paths: readonly string[] },
    { readonly path: string; readonly value: string }
  >;
}

export type MethodName = keyof Methods;
export type Params<M extends MethodName> = Methods[M]["params"];
export type Result<M extends MethodName> = Methods[M]["result"];
export type StreamName = keyof Streams;
export type StreamParams<S extends StreamName> = Streams[S]["params"];
export type Item<S extends StreamName> = Streams[S]["item"];
