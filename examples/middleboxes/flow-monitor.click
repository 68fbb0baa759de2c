// A flow monitor on a wire between devices 0 and 1: what passes stays as it is, and a collector behind device 2 is told of each flow, by
// IPFIX over UDP. FORMAT NETFLOW5 is for collectors that know NetFlow only.
//
//   clickos run flow-monitor.click --in 0=left.pcap --in 1=right.pcap --out 2=flows.pcap
//   tshark -d udp.port==4739,cflow -r flows.pcap -V

AddressInfo(me 192.0.2.1/24 02:00:00:00:00:01, collector 192.0.2.9 02:00:00:00:00:09);

flows :: NetFlowExporter(FORMAT IPFIX, ACTIVE 60s, INACTIVE 15s);

FromDevice(0) -> left :: CheckIPHeader(14) -> [0] flows;
FromDevice(1) -> right :: CheckIPHeader(14) -> [1] flows;
flows [0], left [1] -> ToDevice(1);
flows [1], right [1] -> ToDevice(0);

flows [2] -> UDPIPEncap(me, 4739, collector, 4739) -> EtherEncap(0x0800, me, collector) -> ToDevice(2);
