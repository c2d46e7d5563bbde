/// Makes a test of each case; the port macros list their cases with it.
#[doc(hidden)]
#[macro_export]
macro_rules! cases {
    (
        $port:ident of $ports:ty: $fixture:ident,
        cases [$($case:ident),* $(,)?],
        concurrency [$($race:ident),* $(,)?] $(,)?
    ) => {
        mod $port {
            $($crate::cases!(@test $ports, $fixture, $crate::$port::$case, $case);)*
            $($crate::cases!(@test $ports, $fixture, $crate::concurrency::$race, $race);)*
        }
    };
    (@test $ports:ty, $fixture:ident, $path:path, $name:ident) => {
        #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let fixture = super::$fixture().await;
            let ports: &$ports = ::std::borrow::Borrow::borrow(&fixture);
            $path(ports).await;
        }
    };
}
