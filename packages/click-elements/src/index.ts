/**
 * The Click element library. Each element is a file named after it, in the folder of its category.
 *
 * `elements` is the set for `Router.compile` and `linkImage`. Elements that need the host's files are in the
 * entry `@clickos/click-elements/node`.
 *
 * @packageDocumentation
 */
import { type ElementSet, elementSet } from "@clickos/click-core/element";
import { AggregateCounter } from "./analysis/AggregateCounter.ts";
import { AggregateFilter } from "./analysis/AggregateFilter.ts";
import { AggregateFirst } from "./analysis/AggregateFirst.ts";
import { AggregateIP } from "./analysis/AggregateIP.ts";
import { AggregateIPAddrPair } from "./analysis/AggregateIPAddrPair.ts";
import { AggregateIPFlows } from "./analysis/AggregateIPFlows.ts";
import { AggregateLast } from "./analysis/AggregateLast.ts";
import { AggregateLength } from "./analysis/AggregateLength.ts";
import { AggregatePacketCounter } from "./analysis/AggregatePacketCounter.ts";
import { AggregatePaint } from "./analysis/AggregatePaint.ts";
import { AnonymizeIPAddr } from "./analysis/AnonymizeIPAddr.ts";
import { CheckNumberPacket } from "./analysis/CheckNumberPacket.ts";
import { FromIPSummaryDump } from "./analysis/FromIPSummaryDump.ts";
import { MultiReplayUnqueue } from "./analysis/MultiReplayUnqueue.ts";
import { NumberPacket } from "./analysis/NumberPacket.ts";
import { ReplayUnqueue } from "./analysis/ReplayUnqueue.ts";
import { TimeFilter } from "./analysis/TimeFilter.ts";
import { TimeRange } from "./analysis/TimeRange.ts";
import { ToIPFlowDumps } from "./analysis/ToIPFlowDumps.ts";
import { ToIPSummaryDump } from "./analysis/ToIPSummaryDump.ts";
import { AdjustTimestamp } from "./annotations/AdjustTimestamp.ts";
import { DropBroadcasts } from "./annotations/DropBroadcasts.ts";
import { MarkMACHeader } from "./annotations/MarkMACHeader.ts";
import { SetAnnoByte } from "./annotations/SetAnnoByte.ts";
import { SetPacketType } from "./annotations/SetPacketType.ts";
import { SetTimestamp } from "./annotations/SetTimestamp.ts";
import { SetTimestampDelta } from "./annotations/SetTimestampDelta.ts";
import { StoreTimestamp } from "./annotations/StoreTimestamp.ts";
import { StoreUDPTimeSeqRecord } from "./annotations/StoreUDPTimeSeqRecord.ts";
import { TimestampAccum } from "./annotations/TimestampAccum.ts";
import { AdaptiveRED } from "./aqm/AdaptiveRED.ts";
import { CoDel } from "./aqm/CoDel.ts";
import { FQCoDel } from "./aqm/FQCoDel.ts";
import { RED } from "./aqm/RED.ts";
import { ARPFaker } from "./arp/ARPFaker.ts";
import { ARPPrint } from "./arp/ARPPrint.ts";
import { ARPQuerier } from "./arp/ARPQuerier.ts";
import { ARPResponder } from "./arp/ARPResponder.ts";
import { ARPTable } from "./arp/ARPTable.ts";
import { CheckARPHeader } from "./arp/CheckARPHeader.ts";
import { MaglevBalancer } from "./balancing/MaglevBalancer.ts";
import { Align } from "./basicmod/Align.ts";
import { CheckCRC32 } from "./basicmod/CheckCRC32.ts";
import { Clipboard } from "./basicmod/Clipboard.ts";
import { IncrementSeqNo } from "./basicmod/IncrementSeqNo.ts";
import { Pad } from "./basicmod/Pad.ts";
import { RandomBitErrors } from "./basicmod/RandomBitErrors.ts";
import { Resize } from "./basicmod/Resize.ts";
import { SetCRC32 } from "./basicmod/SetCRC32.ts";
import { StoreData } from "./basicmod/StoreData.ts";
import { Strip } from "./basicmod/Strip.ts";
import { StripToNetworkHeader } from "./basicmod/StripToNetworkHeader.ts";
import { Truncate } from "./basicmod/Truncate.ts";
import { Unstrip } from "./basicmod/Unstrip.ts";
import { Discard } from "./basicsources/Discard.ts";
import { Idle } from "./basicsources/Idle.ts";
import { InfiniteSource } from "./basicsources/InfiniteSource.ts";
import { RandomSource } from "./basicsources/RandomSource.ts";
import { RatedSource } from "./basicsources/RatedSource.ts";
import { SimpleIdle } from "./basicsources/SimpleIdle.ts";
import { TimedSink } from "./basicsources/TimedSink.ts";
import { TimedSource } from "./basicsources/TimedSource.ts";
import { Bypass } from "./basictransfer/Bypass.ts";
import { HashSwitch } from "./basictransfer/HashSwitch.ts";
import { Hub } from "./basictransfer/Hub.ts";
import { InputSwitch } from "./basictransfer/InputSwitch.ts";
import { Null } from "./basictransfer/Null.ts";
import { PullNull } from "./basictransfer/PullNull.ts";
import { PullSwitch } from "./basictransfer/PullSwitch.ts";
import { PullTee } from "./basictransfer/PullTee.ts";
import { PushNull } from "./basictransfer/PushNull.ts";
import { RandomSwitch } from "./basictransfer/RandomSwitch.ts";
import { RoundRobinSwitch } from "./basictransfer/RoundRobinSwitch.ts";
import { StaticPullSwitch } from "./basictransfer/StaticPullSwitch.ts";
import { StaticSwitch } from "./basictransfer/StaticSwitch.ts";
import { StrideSwitch } from "./basictransfer/StrideSwitch.ts";
import { Suppressor } from "./basictransfer/Suppressor.ts";
import { Switch } from "./basictransfer/Switch.ts";
import { Tee } from "./basictransfer/Tee.ts";
import { CheckLength } from "./classification/CheckLength.ts";
import { Classifier } from "./classification/Classifier.ts";
import { IPClassifier } from "./classification/IPClassifier.ts";
import { IPFilter } from "./classification/IPFilter.ts";
import { RandomSample } from "./classification/RandomSample.ts";
import { ChangeUID } from "./control/ChangeUID.ts";
import { DriverManager } from "./control/DriverManager.ts";
import { ErrorElement } from "./control/Error.ts";
import { HandlerAggregate } from "./control/HandlerAggregate.ts";
import { HandlerProxy } from "./control/HandlerProxy.ts";
import { Message } from "./control/Message.ts";
import { PokeHandlers } from "./control/PokeHandlers.ts";
import { ProgressBar } from "./control/ProgressBar.ts";
import { QuitWatcher } from "./control/QuitWatcher.ts";
import { RandomSeed } from "./control/RandomSeed.ts";
import { Script } from "./control/Script.ts";
import { AverageCounter } from "./counters/AverageCounter.ts";
import { Counter } from "./counters/Counter.ts";
import { IPPrint } from "./debugging/IPPrint.ts";
import { Print } from "./debugging/Print.ts";
import { SchedOrderTest } from "./debugging/SchedOrderTest.ts";
import { DHCPServer } from "./dhcp/DHCPServer.ts";
import { DNSFilter } from "./dns/DNSFilter.ts";
import { EnsureEther } from "./ethernet/EnsureEther.ts";
import { EtherEncap } from "./ethernet/EtherEncap.ts";
import { EtherMirror } from "./ethernet/EtherMirror.ts";
import { EtherRewrite } from "./ethernet/EtherRewrite.ts";
import { EtherSpanTree } from "./ethernet/EtherSpanTree.ts";
import { EtherSwitch } from "./ethernet/EtherSwitch.ts";
import { EtherVLANEncap } from "./ethernet/EtherVLANEncap.ts";
import { GetEtherAddress } from "./ethernet/GetEtherAddress.ts";
import { HostEtherFilter } from "./ethernet/HostEtherFilter.ts";
import { IGMPSnooper } from "./ethernet/IGMPSnooper.ts";
import { ListenEtherSwitch } from "./ethernet/ListenEtherSwitch.ts";
import { SetEtherAddress } from "./ethernet/SetEtherAddress.ts";
import { SetVLANAnno } from "./ethernet/SetVLANAnno.ts";
import { StoreEtherAddress } from "./ethernet/StoreEtherAddress.ts";
import { StripEtherVLANHeader } from "./ethernet/StripEtherVLANHeader.ts";
import { VLANDecap } from "./ethernet/VLANDecap.ts";
import { VLANEncap } from "./ethernet/VLANEncap.ts";
import { HeavyHitters } from "./guard/HeavyHitters.ts";
import { SourceRateLimiter } from "./guard/SourceRateLimiter.ts";
import { SYNProxy } from "./guard/SYNProxy.ts";
import { CheckICMPHeader } from "./icmp/CheckICMPHeader.ts";
import { ForceICMP } from "./icmp/ForceICMP.ts";
import { ICMPError } from "./icmp/ICMPError.ts";
import { ICMPIPEncap } from "./icmp/ICMPIPEncap.ts";
import { ICMPPingEncap } from "./icmp/ICMPPingEncap.ts";
import { ICMPPingResponder } from "./icmp/ICMPPingResponder.ts";
import { ICMPPingRewriter } from "./icmp/ICMPPingRewriter.ts";
import { ICMPPingSource } from "./icmp/ICMPPingSource.ts";
import { ICMPRewriter } from "./icmp/ICMPRewriter.ts";
import { IDSMatcher } from "./ids/IDSMatcher.ts";
import { AddressInfo } from "./information/AddressInfo.ts";
import { AlignmentInfo } from "./information/AlignmentInfo.ts";
import { AnnotationInfo } from "./information/AnnotationInfo.ts";
import { ClickyInfo } from "./information/ClickyInfo.ts";
import { DevirtualizeInfo } from "./information/DevirtualizeInfo.ts";
import { IPFieldInfo } from "./information/IPFieldInfo.ts";
import { IPNameInfo } from "./information/IPNameInfo.ts";
import { PortInfo } from "./information/PortInfo.ts";
import { ScheduleInfo } from "./information/ScheduleInfo.ts";
import { CheckIPHeader } from "./ip/CheckIPHeader.ts";
import { CheckIPHeader2 } from "./ip/CheckIPHeader2.ts";
import { DecIPTTL } from "./ip/DecIPTTL.ts";
import { EraseIPPayload } from "./ip/EraseIPPayload.ts";
import { FixIPSrc } from "./ip/FixIPSrc.ts";
import { ForceIP } from "./ip/ForceIP.ts";
import { GetIPAddress } from "./ip/GetIPAddress.ts";
import { IPEncap } from "./ip/IPEncap.ts";
import { IPFragmenter } from "./ip/IPFragmenter.ts";
import { IPGWOptions } from "./ip/IPGWOptions.ts";
import { IPInputCombo } from "./ip/IPInputCombo.ts";
import { IPMirror } from "./ip/IPMirror.ts";
import { IPOutputCombo } from "./ip/IPOutputCombo.ts";
import { IPRateMonitor } from "./ip/IPRateMonitor.ts";
import { IPReassembler } from "./ip/IPReassembler.ts";
import { MarkIPCE } from "./ip/MarkIPCE.ts";
import { MarkIPHeader } from "./ip/MarkIPHeader.ts";
import { ResetIPChecksum } from "./ip/ResetIPChecksum.ts";
import { SetIPAddress } from "./ip/SetIPAddress.ts";
import { SetIPChecksum } from "./ip/SetIPChecksum.ts";
import { SetIPDSCP } from "./ip/SetIPDSCP.ts";
import { SetIPECN } from "./ip/SetIPECN.ts";
import { SetRandIPAddress } from "./ip/SetRandIPAddress.ts";
import { StoreIPAddress } from "./ip/StoreIPAddress.ts";
import { StripIPHeader } from "./ip/StripIPHeader.ts";
import { TruncateIPPayload } from "./ip/TruncateIPPayload.ts";
import { UnstripIPHeader } from "./ip/UnstripIPHeader.ts";
import { AddressTranslator } from "./ip6/AddressTranslator.ts";
import { CheckIP6Header } from "./ip6/CheckIP6Header.ts";
import { DecIP6HLIM } from "./ip6/DecIP6HLIM.ts";
import { GetIP6Address } from "./ip6/GetIP6Address.ts";
import { ICMP6Error } from "./ip6/ICMP6Error.ts";
import { IP6Encap } from "./ip6/IP6Encap.ts";
import { IP6Fragmenter } from "./ip6/IP6Fragmenter.ts";
import { IP6Mirror } from "./ip6/IP6Mirror.ts";
import { IP6NDAdvertiser } from "./ip6/IP6NDAdvertiser.ts";
import { IP6NDSolicitor } from "./ip6/IP6NDSolicitor.ts";
import { IP6Print } from "./ip6/IP6Print.ts";
import { LookupIP6Route } from "./ip6/LookupIP6Route.ts";
import { MarkIP6Header } from "./ip6/MarkIP6Header.ts";
import { ProtocolTranslator46 } from "./ip6/ProtocolTranslator46.ts";
import { ProtocolTranslator64 } from "./ip6/ProtocolTranslator64.ts";
import { SetIP6Address } from "./ip6/SetIP6Address.ts";
import { SetIP6DSCP } from "./ip6/SetIP6DSCP.ts";
import { DirectIPLookup } from "./iproute/DirectIPLookup.ts";
import { LinearIPLookup } from "./iproute/LinearIPLookup.ts";
import { RadixIPLookup } from "./iproute/RadixIPLookup.ts";
import { RangeIPLookup } from "./iproute/RangeIPLookup.ts";
import { SortedIPLookup } from "./iproute/SortedIPLookup.ts";
import { StaticIPLookup } from "./iproute/StaticIPLookup.ts";
import { NetFlowExporter } from "./monitoring/NetFlowExporter.ts";
import { FTPPortMapper } from "./nat/FTPPortMapper.ts";
import { IPAddrPairRewriter } from "./nat/IPAddrPairRewriter.ts";
import { IPAddrRewriter } from "./nat/IPAddrRewriter.ts";
import { IPRewriter } from "./nat/IPRewriter.ts";
import { IPRewriterPatterns } from "./nat/IPRewriterPatterns.ts";
import { PortBlockMapper } from "./nat/PortBlockMapper.ts";
import { RoundRobinIPMapper } from "./nat/RoundRobinIPMapper.ts";
import { SourceIPHashMapper } from "./nat/SourceIPHashMapper.ts";
import { TCPRewriter } from "./nat/TCPRewriter.ts";
import { UDPRewriter } from "./nat/UDPRewriter.ts";
import { FromDevice } from "./netdevices/FromDevice.ts";
import { FromHost } from "./netdevices/FromHost.ts";
import { KernelTap } from "./netdevices/KernelTap.ts";
import { KernelTun } from "./netdevices/KernelTun.ts";
import { ToDevice } from "./netdevices/ToDevice.ts";
import { ToHost } from "./netdevices/ToHost.ts";
import { CheckPaint } from "./paint/CheckPaint.ts";
import { Paint } from "./paint/Paint.ts";
import { PaintSwitch } from "./paint/PaintSwitch.ts";
import { PaintTee } from "./paint/PaintTee.ts";
import { PPPoEServer } from "./ppp/PPPoEServer.ts";
import { DRRSched } from "./scheduling/DRRSched.ts";
import { HTBSched } from "./scheduling/HTBSched.ts";
import { PrioSched } from "./scheduling/PrioSched.ts";
import { RoundRobinSched } from "./scheduling/RoundRobinSched.ts";
import { SimplePrioSched } from "./scheduling/SimplePrioSched.ts";
import { SimplePullSwitch } from "./scheduling/SimplePullSwitch.ts";
import { SimpleRoundRobinSched } from "./scheduling/SimpleRoundRobinSched.ts";
import { StrideSched } from "./scheduling/StrideSched.ts";
import { TimeSortedSched } from "./scheduling/TimeSortedSched.ts";
import { BandwidthMeter } from "./shaping/BandwidthMeter.ts";
import { BandwidthRatedSplitter } from "./shaping/BandwidthRatedSplitter.ts";
import { BandwidthRatedUnqueue } from "./shaping/BandwidthRatedUnqueue.ts";
import { BandwidthShaper } from "./shaping/BandwidthShaper.ts";
import { Block } from "./shaping/Block.ts";
import { Burster } from "./shaping/Burster.ts";
import { CompareBlock } from "./shaping/CompareBlock.ts";
import { DelayShaper } from "./shaping/DelayShaper.ts";
import { DelayUnqueue } from "./shaping/DelayUnqueue.ts";
import { LinkUnqueue } from "./shaping/LinkUnqueue.ts";
import { Meter } from "./shaping/Meter.ts";
import { RatedSplitter } from "./shaping/RatedSplitter.ts";
import { RatedUnqueue } from "./shaping/RatedUnqueue.ts";
import { RoundRobinUnqueue } from "./shaping/RoundRobinUnqueue.ts";
import { Shaper } from "./shaping/Shaper.ts";
import { TimedUnqueue } from "./shaping/TimedUnqueue.ts";
import { Unqueue } from "./shaping/Unqueue.ts";
import { FrontDropQueue } from "./storage/FrontDropQueue.ts";
import { MixedQueue } from "./storage/MixedQueue.ts";
import { MSQueue } from "./storage/MSQueue.ts";
import { NotifierQueue } from "./storage/NotifierQueue.ts";
import { Queue } from "./storage/Queue.ts";
import { QuickNoteQueue } from "./storage/QuickNoteQueue.ts";
import { SimpleQueue } from "./storage/SimpleQueue.ts";
import { ThreadSafeQueue } from "./storage/ThreadSafeQueue.ts";
import { CheckTCPHeader } from "./tcpudp/CheckTCPHeader.ts";
import { CheckUDPHeader } from "./tcpudp/CheckUDPHeader.ts";
import { CopyFlowID } from "./tcpudp/CopyFlowID.ts";
import { CopyTCPSeq } from "./tcpudp/CopyTCPSeq.ts";
import { DynamicUDPIPEncap } from "./tcpudp/DynamicUDPIPEncap.ts";
import { FastTCPFlows } from "./tcpudp/FastTCPFlows.ts";
import { FastUDPFlows } from "./tcpudp/FastUDPFlows.ts";
import { FastUDPSource } from "./tcpudp/FastUDPSource.ts";
import { FastUDPSourceIP6 } from "./tcpudp/FastUDPSourceIP6.ts";
import { ForceTCP } from "./tcpudp/ForceTCP.ts";
import { ForceUDP } from "./tcpudp/ForceUDP.ts";
import { SetTCPChecksum } from "./tcpudp/SetTCPChecksum.ts";
import { SetUDPChecksum } from "./tcpudp/SetUDPChecksum.ts";
import { TCPFragmenter } from "./tcpudp/TCPFragmenter.ts";
import { TCPIPSend } from "./tcpudp/TCPIPSend.ts";
import { TCPReflector } from "./tcpudp/TCPReflector.ts";
import { TCPReorder } from "./tcpudp/TCPReorder.ts";
import { UDPIP6Encap } from "./tcpudp/UDPIP6Encap.ts";
import { UDPIPEncap } from "./tcpudp/UDPIPEncap.ts";
import { StaticThreadSched } from "./threads/StaticThreadSched.ts";
import { FromCapDump } from "./traces/FromCapDump.ts";
import { FromDAGDump } from "./traces/FromDAGDump.ts";
import { FromNetFlowSummaryDump } from "./traces/FromNetFlowSummaryDump.ts";
import { FromNLANRDump } from "./traces/FromNLANRDump.ts";
import { FromTcpdump } from "./traces/FromTcpdump.ts";
import { CheckGREHeader } from "./tunnel/CheckGREHeader.ts";
import { GREEncap } from "./tunnel/GREEncap.ts";
import { LwAFTR } from "./tunnel/LwAFTR.ts";
import { StripGREHeader } from "./tunnel/StripGREHeader.ts";
import { VXLANDecap } from "./tunnel/VXLANDecap.ts";
import { VXLANEncap } from "./tunnel/VXLANEncap.ts";

/** All elements of this entry. */
export const elements: ElementSet = elementSet(
  AdaptiveRED,
  AddressInfo,
  AddressTranslator,
  AdjustTimestamp,
  AggregateCounter,
  AggregateFilter,
  AggregateFirst,
  AggregateIP,
  AggregateIPAddrPair,
  AggregateIPFlows,
  AggregateLast,
  AggregateLength,
  AggregatePacketCounter,
  AggregatePaint,
  Align,
  AlignmentInfo,
  AnnotationInfo,
  AnonymizeIPAddr,
  ARPFaker,
  ARPPrint,
  ARPQuerier,
  ARPResponder,
  ARPTable,
  AverageCounter,
  BandwidthMeter,
  BandwidthRatedSplitter,
  BandwidthRatedUnqueue,
  BandwidthShaper,
  Block,
  Burster,
  Bypass,
  ChangeUID,
  CheckARPHeader,
  CheckCRC32,
  CheckGREHeader,
  CheckICMPHeader,
  CheckIP6Header,
  CheckIPHeader,
  CheckIPHeader2,
  CheckLength,
  CheckNumberPacket,
  CheckPaint,
  CheckTCPHeader,
  CheckUDPHeader,
  Classifier,
  ClickyInfo,
  Clipboard,
  CoDel,
  CompareBlock,
  CopyFlowID,
  CopyTCPSeq,
  Counter,
  DecIP6HLIM,
  DecIPTTL,
  DelayShaper,
  DelayUnqueue,
  DevirtualizeInfo,
  DHCPServer,
  DirectIPLookup,
  Discard,
  DNSFilter,
  DriverManager,
  DropBroadcasts,
  DRRSched,
  DynamicUDPIPEncap,
  EnsureEther,
  EraseIPPayload,
  ErrorElement,
  EtherEncap,
  EtherMirror,
  EtherRewrite,
  EtherSpanTree,
  EtherSwitch,
  EtherVLANEncap,
  FastTCPFlows,
  FastUDPFlows,
  FastUDPSource,
  FastUDPSourceIP6,
  FixIPSrc,
  ForceICMP,
  ForceIP,
  ForceTCP,
  ForceUDP,
  FQCoDel,
  FromCapDump,
  FromDAGDump,
  FromDevice,
  FromHost,
  FromIPSummaryDump,
  FromNetFlowSummaryDump,
  FromNLANRDump,
  FromTcpdump,
  FrontDropQueue,
  FTPPortMapper,
  GetEtherAddress,
  GetIP6Address,
  GetIPAddress,
  GREEncap,
  HandlerAggregate,
  HandlerProxy,
  HashSwitch,
  HeavyHitters,
  HostEtherFilter,
  HTBSched,
  Hub,
  ICMP6Error,
  ICMPError,
  ICMPIPEncap,
  ICMPPingEncap,
  ICMPPingResponder,
  ICMPPingRewriter,
  ICMPPingSource,
  ICMPRewriter,
  Idle,
  IDSMatcher,
  IGMPSnooper,
  IncrementSeqNo,
  InfiniteSource,
  InputSwitch,
  IP6Encap,
  IP6Fragmenter,
  IP6Mirror,
  IP6NDAdvertiser,
  IP6NDSolicitor,
  IP6Print,
  IPAddrPairRewriter,
  IPAddrRewriter,
  IPClassifier,
  IPEncap,
  IPFieldInfo,
  IPFilter,
  IPFragmenter,
  IPGWOptions,
  IPInputCombo,
  IPMirror,
  IPNameInfo,
  IPOutputCombo,
  IPPrint,
  IPRateMonitor,
  IPReassembler,
  IPRewriter,
  IPRewriterPatterns,
  KernelTap,
  KernelTun,
  LinearIPLookup,
  LinkUnqueue,
  ListenEtherSwitch,
  LookupIP6Route,
  LwAFTR,
  MaglevBalancer,
  MarkIP6Header,
  MarkIPCE,
  MarkIPHeader,
  MarkMACHeader,
  Message,
  Meter,
  MixedQueue,
  MSQueue,
  MultiReplayUnqueue,
  NetFlowExporter,
  NotifierQueue,
  Null,
  NumberPacket,
  Pad,
  Paint,
  PaintSwitch,
  PaintTee,
  PokeHandlers,
  PortBlockMapper,
  PortInfo,
  PPPoEServer,
  Print,
  PrioSched,
  ProgressBar,
  ProtocolTranslator46,
  ProtocolTranslator64,
  PullNull,
  PullSwitch,
  PullTee,
  PushNull,
  Queue,
  QuickNoteQueue,
  QuitWatcher,
  RadixIPLookup,
  RandomBitErrors,
  RandomSample,
  RandomSeed,
  RandomSource,
  RandomSwitch,
  RangeIPLookup,
  RatedSource,
  RatedSplitter,
  RatedUnqueue,
  RED,
  ReplayUnqueue,
  ResetIPChecksum,
  Resize,
  RoundRobinIPMapper,
  RoundRobinSched,
  RoundRobinSwitch,
  RoundRobinUnqueue,
  SchedOrderTest,
  ScheduleInfo,
  Script,
  SetAnnoByte,
  SetCRC32,
  SetEtherAddress,
  SetIP6Address,
  SetIP6DSCP,
  SetIPAddress,
  SetIPChecksum,
  SetIPDSCP,
  SetIPECN,
  SetPacketType,
  SetRandIPAddress,
  SetTCPChecksum,
  SetTimestamp,
  SetTimestampDelta,
  SetUDPChecksum,
  SetVLANAnno,
  Shaper,
  SimpleIdle,
  SimplePrioSched,
  SimplePullSwitch,
  SimpleQueue,
  SimpleRoundRobinSched,
  SortedIPLookup,
  SourceIPHashMapper,
  SourceRateLimiter,
  StaticIPLookup,
  StaticPullSwitch,
  StaticSwitch,
  StaticThreadSched,
  StoreData,
  StoreEtherAddress,
  StoreIPAddress,
  StoreTimestamp,
  StoreUDPTimeSeqRecord,
  StrideSched,
  StrideSwitch,
  Strip,
  StripEtherVLANHeader,
  StripGREHeader,
  StripIPHeader,
  StripToNetworkHeader,
  Suppressor,
  Switch,
  SYNProxy,
  TCPFragmenter,
  TCPIPSend,
  TCPReflector,
  TCPReorder,
  TCPRewriter,
  Tee,
  ThreadSafeQueue,
  TimedSink,
  TimedSource,
  TimedUnqueue,
  TimeFilter,
  TimeRange,
  TimeSortedSched,
  TimestampAccum,
  ToDevice,
  ToHost,
  ToIPFlowDumps,
  ToIPSummaryDump,
  Truncate,
  TruncateIPPayload,
  UDPIP6Encap,
  UDPIPEncap,
  UDPRewriter,
  Unqueue,
  Unstrip,
  UnstripIPHeader,
  VLANDecap,
  VLANEncap,
  VXLANDecap,
  VXLANEncap,
);

export {
  type Base,
  byteReader,
  type Expression,
  evaluate,
  type Field,
  type FieldReader,
} from "./classification/expression.ts";
export { type FilterRule, parseFilterRule } from "./classification/IPFilter.ts";
export { parseIpPattern } from "./classification/ip-pattern.ts";
export { packetFilter } from "./classification/packet-filter.ts";
export { PatternError } from "./classification/patterns.ts";
