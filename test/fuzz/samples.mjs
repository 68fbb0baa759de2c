/** Arguments with which classes can be made, for suites that take all of them: add those of a class that needs some. */

/** By class: what an element cannot do without, where the types of its arguments do not tell. */
export const samples = {
  AdaptiveRED: ["TARGET 10", "MAX_P 1", "QUEUES peer"],
  ARPQuerier: ["IP 10.0.0.1", "ETH 1:1:1:1:1:1"],
  BandwidthMeter: ["1Bps"],
  Classifier: ["-"],
  CoDel: ["QUEUES peer"],
  FromIPSummaryDump: ['DATA "1.2.3.4"', "FIELDS ip_src"],
  FTPPortMapper: ["CONTROL_REWRITER peer", "DATA_REWRITER peer", "DATA_REWRITER_INPUT 0"],
  ICMPError: ["SRC 10.0.0.1", "TYPE timeexceeded"],
  ICMPPingRewriter: ["pattern 1.0.0.1 1024-65535 - - 0 0"],
  ICMPRewriter: ["MAPS peer"],
  IPAddrPairRewriter: ["pattern 1.0.0.1-1.0.0.9 - 0 0"],
  IPAddrRewriter: ["pattern 1.0.0.1-1.0.0.9 - 0 0"],
  IPClassifier: ["-"],
  IPEncap: ["PROTO 4", "SRC 10.0.0.1", "DST 10.0.0.2"],
  IPFilter: ["allow all"],
  IPFragmenter: ["MTU 100"],
  IPRewriter: ["pattern 1.0.0.1 1024-65535 - - 0 0"],
  Meter: ["1Bps"],
  RED: ["MIN_THRESH 1", "MAX_THRESH 1", "MAX_P 1", "QUEUES peer"],
  RoundRobinIPMapper: ["- - 0 0", "1.0.0.1 1024-65535 - - 0 0"],
  Script: ["TYPE PACKET"],
  SourceIPHashMapper: ["3 1", "- - 0 0 0", "1.0.0.1 1024-65535 - - 0 0 1"],
  StaticIPLookup: ["0.0.0.0/0 0"],
  StaticPullSwitch: ["INPUT 0"],
  StaticSwitch: ["OUTPUT 0"],
  StrideSched: ["1"],
  StrideSwitch: ["1"],
  TCPRewriter: ["pattern 1.0.0.1 1024-65535 - - 0 0"],
  Truncate: ["LENGTH 10"],
  UDPRewriter: ["pattern 1.0.0.1 1024-65535 - - 0 0"],
  UDPIPEncap: ["SRC 10.0.0.1", "SPORT 1", "DST 10.0.0.2", "DPORT 2"],
};
/** The peers that an element cannot do without. */
export const peers = {
  AdaptiveRED: "Idle -> peer :: Queue -> Idle",
  CoDel: "Idle -> peer :: Queue -> Idle",
  FTPPortMapper: "Idle -> peer :: IPRewriter(keep 0 0) -> Idle",
  ICMPRewriter: "Idle -> peer :: IPRewriter(drop) -> Idle",
  RED: "Idle -> peer :: Queue -> Idle",
};
