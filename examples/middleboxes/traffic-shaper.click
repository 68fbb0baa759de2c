// A traffic shaper in front of a line of 10 Mb/s, behind device 1, for a network behind device 0. What goes out is sorted into three classes that
// have a share of the line each, and borrow what others leave. In a class flows share evenly, and none of them fills a queue that others wait in.
//
//   clickos run traffic-shaper.click --in 0=network.pcap --out 1=line.pcap --read link.classes
//   clickos write traffic-shaper link.class '2 1Mbps 5Mbps 2'     # of a VM: another rate, ceiling and priority for the third class

FromDevice(1) -> ToDevice(0);
FromDevice(0) -> kinds :: Classifier(12/0800, -);
kinds [0] -> CheckIPHeader(14) -> classes :: IPClassifier(ip dscp 46 or udp port 53, tcp port 80 or 443 or udp port 443, -);

link :: HTBSched(
    1Mbps 2Mbps 0,      // voice, names, and what is no IP: never waits for long, and is never much
    6Mbps 10Mbps 1,     // the web
    3Mbps 10Mbps 2,     // all else
    LINK 10Mbps) -> ToDevice(1);

urgent :: Queue(100) -> [0] link;
classes [0] -> urgent;
kinds [1] -> urgent;
classes [1] -> web :: FQCoDel -> [1] link;
classes [2] -> rest :: FQCoDel -> [2] link;
