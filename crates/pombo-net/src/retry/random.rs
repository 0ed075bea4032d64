/// Where chance comes from. A closure is one too, so that tests can say `|| 0.5`.
pub trait RandomSource {
    /// A number from 0 (included) to 1 (excluded), all equally likely.
    fn unit(&self) -> f64;
}

impl<F: Fn() -> f64> RandomSource for F {
    fn unit(&self) -> f64 {
        self()
    }
}

/// The generator of the current thread. Good enough to spread retries, not for secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThreadRandom;

impl RandomSource for ThreadRandom {
    fn unit(&self) -> f64 {
        fastrand::f64()
    }
}
