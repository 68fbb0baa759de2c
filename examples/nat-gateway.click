// A gateway between a network of guests, 192.168.7.0/24 on device 0, and the world on device 1, where all of them have the
// gateway's address, 10.7.0.1. It asks for Ethernet addresses and answers for its own; the guests may ping it.
//
//   clickos build nat-gateway.click -o nat-gateway.cos
//   clickos boot nat-gateway.cos --nic 0=tap:inside --nic 1=tap:outside

elementclass Port { $device, $ip, $net, $mac |
  FromDevice($device) -> c :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
  arpq :: ARPQuerier($ip/$net, $mac);
  out :: Queue(1000) -> ToDevice($device);
  c [0] -> ARPResponder($ip $mac) -> out;
  c [1] -> [1] arpq;
  c [2] -> Strip(14) -> CheckIPHeader -> output;
  c [3] -> Discard;
  input -> [0] arpq -> out;
}

inside :: Port(0, 192.168.7.1, 24, 02:00:00:00:07:01);
outside :: Port(1, 10.7.0.1, 24, 02:00:00:00:07:02);

flows :: IPRewriter(pattern 10.7.0.1 1024-65535 - - 0 1, drop);
pings :: ICMPPingRewriter(pattern 10.7.0.1 1024-65535 - - 0 1, drop);

inside -> own :: IPClassifier(dst host 192.168.7.1 and icmp type echo, dst host 192.168.7.1, icmp, tcp or udp, -);
own [0] -> ICMPPingResponder -> inside;
own [1] -> Discard;
own [2] -> [0] pings;
own [3] -> [0] flows;
own [4] -> Discard;

outside -> back :: IPClassifier(icmp, tcp or udp, -);
back [0] -> [1] pings;
back [1] -> [1] flows;
back [2] -> Discard;

out :: DecIPTTL -> outside;
in :: DecIPTTL -> inside;
flows [0] -> out;
pings [0] -> out;
flows [1] -> in;
pings [1] -> in;
